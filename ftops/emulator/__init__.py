"""A local fake provider for people and tests. It trains nothing.

Imports nothing else of ftops: an oracle that shares code with what it tests proves nothing.
"""
