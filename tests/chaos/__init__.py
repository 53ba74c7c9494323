"""Runners that are killed, wires that are cut, and a provider that answers in other words than it was asked.

`worlds` says how a provider may bend what it was sent and what it shows; `gateway` is one that does so, with
the emulator behind it, and counts what is paid; `runs` starts and kills real ftops processes; `history` lets
three of them loose on one state while `manifests` change. What happens is drawn from a seed; when, from the
machine too: a seed tells the world and the odds, and mostly fails again.
"""
