"""Draws the pages that must not drift, from click, the schemas, the errors and the capabilities.

`make docs` writes them; a test fails when one is stale. Not part of the wheel.
"""
