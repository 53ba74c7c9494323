"""What `ftops policy` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import to_builtins

from ftops.model.policy import Policies, Rulebook
from ftops.report.words import counted, printable
from ftops.review.waiving import Waivers

_NOTHING = Policies()


def render_tested(cases: int, failures: int) -> str:
    """Say how many cases come out as they expect."""
    if not cases:
        return "No cases: write some as `tests` in a Policy.\n"
    return f"{counted(cases, 'case')}: {'all pass' if not failures else f'{failures} of them fail'}.\n"


def render_policies(book: Rulebook, waivers: Waivers) -> str:
    """List everyday rules, own rules and waivers, each with its place."""
    lines = [*_everyday(book.policies), *_own(book), *_waivers(waivers)]
    return "".join(f"{printable(line)}\n" for line in lines or ["Nothing is forbidden."])


def _everyday(policies: Policies) -> Iterator[str]:
    for name in Policies.__struct_fields__:
        value = getattr(policies, name)
        if value != getattr(_NOTHING, name):
            yield f"{name}: {_written(to_builtins(value))}"


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} ({' or '.join(each)})" if each else key for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _own(book: Rulebook) -> Iterator[str]:
    for rule in book.rules:
        yield f"{rule.name} ({rule.severity.value}): {rule.message}  [{rule.source.file}:{rule.source.line}]"


def _waivers(waivers: Waivers) -> Iterator[str]:
    for one in waivers.waivers:
        why = waivers.why_not(one)
        until = f"until {one.until}" if why is None else f"without effect: it {why}"
        place = f"{one.source.file}:{one.source.line}"
        yield f"waiver of {one.rule} for {one.name}, {until}: {one.reason}  [{place}]"
