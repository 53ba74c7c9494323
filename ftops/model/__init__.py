"""Frozen values that every room shares; the standard library and `msgspec.Struct`, no I/O, no clock."""
