"""Worlds to measure in: a project of any size, and the state and jobs of somebody who has applied it.

A world is made in a process of its own, since the peak memory of a measured process is counted from that of
the one that starts it.
"""
