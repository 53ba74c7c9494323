"""JSON as servers really write it: one odd character or number never makes the rest unreadable."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson


def read_json(content: bytes | str) -> Any:
    """Read JSON. What no JSON can hold is replaced. Raises ValueError for what is not JSON at all.

    Half a surrogate pair (a text cut in the middle of an emoji) becomes U+FFFD, as bytes do that are not
    UTF-8; NaN and the infinities become null.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        text = content if isinstance(content, str) else content.decode("utf-8", errors="replace")
    try:
        return _clean(json.loads(text.removeprefix("\ufeff"), parse_constant=lambda _: None))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _clean(value: Any) -> Any:
    match value:
        case str() if not value.isascii():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case float() if not math.isfinite(value):
            return None
        case list():
            return [_clean(item) for item in value]
        case dict():
            return {_clean(key): _clean(member) for key, member in value.items()}
    return value
