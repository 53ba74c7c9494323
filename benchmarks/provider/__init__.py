"""A fast provider on loopback: `/fine_tuning/jobs` and `/files`, from memory, over asyncio.

It is here so that what is measured is ftops and not the emulator, which is honest before it is fast. It
checks nothing, trains nothing, and must never be used to find out whether ftops is right.
"""
