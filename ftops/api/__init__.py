"""An opened project, for the command line and for Python programs alike.

Here what both share: opening, the kill switch, one planned and applied round, saved plans, waiting, and what
a person does to the state. Nothing here prints, asks, or takes a signal: how to ask is an argument. The
public names are those of `ftops`; this package is how they are made.
"""
