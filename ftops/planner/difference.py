"""Two specs in, the fields that differ out (the only deepdiff import)."""

from __future__ import annotations

from collections.abc import Mapping

from ftops.model.change import FieldDifference
from ftops.model.json_value import JSON


def differences(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> tuple[FieldDifference, ...]:
    """Name each field that differs, by its dotted path, sorted. Equal values cost one comparison.

    A field that is absent on one side is None there.
    """
    if before == after:
        return ()
    from deepdiff import DeepDiff

    found: dict[str, FieldDifference] = {}
    for items in DeepDiff(before, after, view="tree").values():
        for item in items:
            path = ".".join(str(part) for part in item.path(output_format="list"))
            found[path] = FieldDifference(path, _value(item.t1), _value(item.t2))
    return tuple(found[path] for path in sorted(found))


def _value(value: object) -> JSON:
    """Turn deepdiff's mark for "not there" into None; everything else came from JSON."""
    from deepdiff.helper import NotPresent

    return None if isinstance(value, NotPresent) else value  # type: ignore[return-value]  # it came from JSON
