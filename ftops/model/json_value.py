"""JSON: the type of every value that comes from or goes to a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    JSON = None | bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"]
    """Sequence and Mapping, not list and dict: these are read-only and accept any concrete element type."""
else:
    # A typed decoder cannot follow a type into itself; what it reads from JSON is JSON.
    JSON = Any

JSONObject = Mapping[str, JSON]
