"""A local fake provider for people and tests. It trains nothing.

It holds wire formats, a store of jobs and files, and faults on request. Nothing else of ftops may be
imported: an oracle that shares code with what it tests proves nothing. Flask is imported by `server`, not by
this package, so that importing it stays free.
"""
