"""The document of a plan as text, piece by piece: ten thousand changes never stand in memory a second time.

It is the same text as that of `plan_document`, byte by byte; a test holds one against the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from msgspec import json as typed
from msgspec import to_builtins

from ftops.model.change import Change
from ftops.model.fingerprint import canonical_json
from ftops.model.json_text import encoded, escaped
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.review.plan_document import undigested

AT_ONCE = 256
"""Changes in a piece: enough that a piece costs nothing by itself."""

_STEP = "  "


def plan_text(plan: Plan, review: Review, look: Callable[[str], object]) -> Iterator[str]:
    """Yield the document, indented; `look` sees all that is in it before the first piece, and may raise."""
    document: dict[str, Any] = typed.decode(encoded(undigested(plan, review)))
    digest = _Digest(document)
    for batch in _batches(plan):
        changes = encoded(batch)
        digest.add(batch, changes)
        look(changes.decode())
    document["digest"] = digest.named()
    before, after = _around(document)
    look(before)
    look(after)
    yield before
    first = True
    for batch in _batches(plan):
        yield f"{'' if first else ','}\n{_indented(encoded(batch))}"
        first = False
    yield after if first else f"\n{_STEP}{after}"


def _batches(plan: Plan) -> Iterator[list[Any]]:
    """Yield the changes as plain values, so many at once."""
    changes: Iterator[Change] = iter(plan.changes)
    while batch := [to_builtins(change) for change in islice(changes, AT_ONCE)]:
        yield batch


def _indented(changes: bytes) -> str:
    """Return the members of a list as they stand in the document."""
    text = typed.format(changes, indent=2)[2:-2]
    # No text in JSON holds a line break, so every one of these is the writer's own.
    return escaped(_STEP + text.replace(b"\n", b"\n" + _STEP.encode()).decode())


def _around(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the document's text before and after its changes, of which there are none yet."""
    before, mark, after = escaped(typed.format(encoded(document), indent=2).decode()).partition(_PLACE)
    return before + mark[:-1], mark[-1] + after


_PLACE = f'\n{_STEP}"changes": []'


_NO_JSON = (b"NaN", b"Infinity")
"""What Python's writer writes for numbers that JSON does not have, and a document writes null for."""


class _Digest:
    """Takes the digest of a document member by member, as `fingerprint.digest` does of the whole."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        before = {key: value for key, value in document.items() if key < "changes"}
        after = {key: value for key, value in document.items() if key > "changes"}
        self._hash = hashlib.sha256(canonical_json(before)[:-1] + b',"changes":[')
        self._after = b"]," + canonical_json(after)[1:]
        self._between = b""

    def add(self, batch: list[Any], written: bytes) -> None:
        """Add the next changes, as they are `written`: that is read back only where it may say less."""
        try:
            text = canonical_json(batch)
        except UnicodeEncodeError:
            text = _NO_JSON[0]
        if any(sign in text for sign in _NO_JSON):
            text = canonical_json(typed.decode(written))
        self._hash.update(self._between + text[1:-1])
        self._between = b","

    def named(self) -> str:
        """Return the digest."""
        self._hash.update(self._after)
        return f"sha256:{self._hash.hexdigest()}"
