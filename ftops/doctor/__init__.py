"""Examination of a project and its surroundings: a rule is a function that returns what it found, as data.

The rules stand in modules by what they look at, read no clock and ask nobody; `examination` asks for them.
"""
