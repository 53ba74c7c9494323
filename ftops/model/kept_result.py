"""What is kept of a trainer's result: it comes from a log, so it is bounded, and what JSON lacks is null."""

from __future__ import annotations

import msgspec

from ftops.model.json_value import JSON, JSONObject

MOST_BYTES = 64 * 1024
_DEEPEST = 16


def kept_result(result: JSONObject) -> JSONObject:
    """Return a result as a state can keep it; of one that is too long the longest members are left out.

    A loss that is not a number becomes null. What cannot be written at all is left out whole.
    """
    if not result:
        return result
    try:
        if _deeper(result, _DEEPEST):
            return {}
        kept: dict[str, JSON] = msgspec.json.decode(msgspec.json.encode(result), type=dict[str, JSON])
    except (ValueError, TypeError, OverflowError, msgspec.MsgspecError):
        return {}
    sizes = {key: len(msgspec.json.encode({key: value})) for key, value in kept.items()}
    for key in sorted(sizes, key=lambda one: (-sizes[one], one)):
        if sum(sizes.values()) <= MOST_BYTES:
            break
        del kept[key], sizes[key]
    return kept


def _deeper(value: JSON, than: int) -> bool:
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        return than == 0 or any(_deeper(one, than - 1) for one in members)
    return False
