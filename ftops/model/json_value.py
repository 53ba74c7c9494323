"""JSON: the type of every value that comes from or goes to a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

JSON = None | bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"]
"""Sequence and Mapping, not list and dict: these are read-only and accept any concrete element type."""

JSONObject = Mapping[str, JSON]
