"""What the names of tuned models look like at the providers: all of them contain the base."""

from __future__ import annotations


def base_model(model: str) -> str:
    """Take the base out of `ft:BASE:org::id`, `BASE:ft-org:suffix` and Azure's `BASE.ft-id`."""
    parts = model.split(":")
    base = parts[1] if parts[0] == "ft" and len(parts) > 1 else parts[0]
    return base.split(".ft-")[0]
