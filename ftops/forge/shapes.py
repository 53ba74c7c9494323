"""JSON of a forge as values: members that we do not know are passed over, those that we need are checked."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import ValidationError, convert

from ftops.errors import ForgeError

_T = TypeVar("_T")


def shaped(body: Any, kind: type[_T], forge: str, doing: str, error: type[ForgeError] = ForgeError) -> _T:
    """Return the body as this type. Raises `error` for any other: a list that cannot be read is not empty."""
    try:
        return convert(body, kind)
    except ValidationError as why:
        raise error(
            f"{forge}: cannot {doing}: the reply is not what its API documents: {why}",
            hint="check the address of the API",
        ) from why
