"""Draws the pages that must not drift: commands and man pages from click, files from the schemas, codes from errors.

`make docs` writes them; a test fails when one is stale. Not part of the wheel.
"""
