"""An opened project, for the command line and for Python programs alike.

Here what both share: opening, the kill switch, one planned and applied round. Nothing here prints, asks,
or takes a signal. The public names are those of `ftops`; this package is how they are made.
"""
