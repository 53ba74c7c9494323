"""The table of prices, `prices.json`: read when something is to be paid, since most plans pay nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from msgspec import json

from ftops.model.prices import PriceTable

TABLE = Path(__file__).with_name("prices.json")


@cache
def known_prices() -> PriceTable:
    """Read the table."""
    return json.decode(TABLE.read_bytes(), type=PriceTable)
