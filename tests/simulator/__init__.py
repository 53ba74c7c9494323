"""The simulator: real planner, applier and state manager; a provider, a store and a clock in memory.

A history is a list of steps drawn from a seed. Nothing else is random, so a seed replays exactly:

    python -m tests.simulator 4711            replay, with everything that happened
    python -m tests.simulator 4711 --shrink   cut the history down to the steps that break the law

Runs are cut into the stretches between effects (runner.py): a run can die, or stand still while others go
on, before and after each request and each access to the state.
"""
