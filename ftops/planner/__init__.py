"""Desired, live and recorded in, a Plan out. Pure: no I/O, no clock, no randomness."""
