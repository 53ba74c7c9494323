"""The version of this ftops."""

__version__ = "0.1.0"
