"""Months of reconcile in minutes: rounds by the thousand, faults on, the controller killed now and then.

`worker` is the controller's process: rounds one after another, with no pause and a clock that is moved along
with the emulator's; `world` is the project, the provider and whoever is told; `run` starts and kills the
worker, edits the project and judges the end: no job twice, no message lost or twice, no growing memory.
`make soak` runs all of it, `make test-slow` a tenth.
"""
