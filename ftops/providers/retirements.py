"""The table of announced ends, `retirements.json`: read when it is first needed, since most plans do not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from msgspec import json

from ftops.model.retirement import Retirements

TABLE = Path(__file__).with_name("retirements.json")


@cache
def known_retirements() -> Retirements:
    """Read the table."""
    return json.decode(TABLE.read_bytes(), type=Retirements)
