"""Which other dialects could carry what one cannot: for the sentence that refuses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ftops.model.capabilities import Capabilities
from ftops.model.finetune import Method

Known = Callable[[], Mapping[str, Capabilities]]
"""Every dialect's capabilities by name; asked for where something is wrong, since it loads all of them."""

MOST_NAMED = 4
HAS = ("has it", "have it")


def nobody() -> Mapping[str, Capabilities]:
    """Return no dialect: for whoever shows no sentences."""
    return {}


class Elsewhere:
    """The dialects beside one."""

    def __init__(self, own: str, known: Known = nobody) -> None:
        self._own = own
        self._known = known

    def does(self, can: Callable[[Capabilities], bool], verbs: tuple[str, str] = ("does", "do")) -> str:
        """Name those that can, as the end of a sentence; empty where none does."""
        return _listed([name for name, one in self._others() if can(one)], verbs)

    def field(self, place: str, name: str, method: Method) -> str:
        """Name those that take a field of this name; where they take it elsewhere, say where."""
        same: list[str] = []
        moved: dict[str, list[str]] = {}
        for dialect, one in self._others():
            places = list(_places(one, name, method))
            if f"{place}.{name}" in places:
                same.append(dialect)
            elif places:
                moved.setdefault(places[0], []).append(dialect)
        if same or not moved:
            return _listed(same, HAS)
        path, able = next(iter(moved.items()))
        return f"{_listed(able, HAS)} as {path}"

    def _others(self) -> Iterator[tuple[str, Capabilities]]:
        return ((name, one) for name, one in sorted(self._known().items()) if name != self._own)


def _places(can: Capabilities, name: str, method: Method) -> Iterator[str]:
    if name in can.methods.get(method, {}):
        yield f"hyperparameters.{name}"
    for option, schema in can.options.items():
        if option == name:
            yield f"provider_options.{name}"
        elif name in _members(schema):
            yield f"provider_options.{option}.{name}"


def _members(schema: Any) -> set[str]:
    """Return the keys of an option that is a map, in every form that it may have."""
    if not isinstance(schema, Mapping):
        return set()
    found = {str(name) for name in schema.get("properties", {})}
    for form in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        found |= _members(form)
    return found


def _listed(names: list[str], verbs: tuple[str, str]) -> str:
    if not names:
        return ""
    more = len(names) - MOST_NAMED
    shown = [*names[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])]
    one, many = verbs
    return f"; {shown[0]} {one}" if len(shown) == 1 else f"; {', '.join(shown[:-1])} and {shown[-1]} {many}"
