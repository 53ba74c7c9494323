"""How fast ftops is meant to be, as data: each goal is a figure, or a ratio of two, and its bound."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.results import Case, Results

EACH = "each"
AT_MOST: Callable[[float, float], bool] = operator.le
AT_LEAST: Callable[[float, float], bool] = operator.ge


@dataclass(frozen=True, slots=True)
class Goal:
    """One promise: the median of `measure` of a case, over that of another where there is one.

    Measures are `cpu` and `wall` in seconds, `peak` in MiB, or a fact of the case.
    """

    what: str
    case: Case
    measure: str
    holds: Callable[[float, float], bool]
    bound: float
    unit: str
    over: Case | None = None
    over_measure: str | None = None

    @property
    def words(self) -> str:
        """Return the bound for people."""
        sign = "≤" if self.holds is AT_MOST else "≥"
        return f"{sign} {self.bound:g}{self.unit}"

    def figure(self, results: Results) -> float | None:
        """Return where it stands; None where a part of it was not measured."""
        value = results.median(self.case, self.measure)
        if self.over is None or value is None:
            return value
        against = results.median(self.over, self.over_measure or self.measure)
        return value / against if against else None

    def met(self, results: Results) -> bool | None:
        """Return whether it holds; None where a part of it was not measured."""
        figure = self.figure(results)
        return None if figure is None else self.holds(figure, self.bound)


def _seen(size: int) -> Case:
    return Case("plan/seen", size, EACH)


def _times(what: str, ours: Case, bound: float, theirs: Case) -> Goal:
    return Goal(what, ours, "cpu", AT_MOST, bound, " times", theirs)


def _faster(what: str, ours: Case, bound: float, peer: str) -> Goal:
    return Goal(what, Case(f"plan/{peer}", ours.size), "cpu", AT_LEAST, bound, " times faster", ours)


def _under(what: str, case: Case, measure: str, bound: float, unit: str = "") -> Goal:
    return Goal(what, case, measure, AT_MOST, bound, unit)


_EMPTY, _EMPTY_JSON = Case("plan/empty", 10_000, EACH), Case("plan/empty-json", 10_000, EACH)
_JSON = Case("plan/json", 10_000, EACH)
_OPENED = Case("plan/opened", 10_000, EACH)
_CREATES = Case("apply/32", 1_000)
_STATE = Case("state/probe", 100_000)
_CHECKED, _COUNTED = Case("data/chats-checked", 100_000), Case("data/chats-counted", 100_000)
_DATA, _LITTLE_DATA = Case("data/large-seen", 10), Case("data/small-seen", 10)


def _over_ideal(what: str, measure: str, bound: float) -> Goal:
    what = f"1,000 creates, 32 at a time: {what}"
    return Goal(what, _CREATES, measure, AT_MOST, bound, " times", _CREATES, "ideal")


GOALS: tuple[Goal, ...] = (
    _times("`--version`, over `python -c pass`", Case("start/version"), 1.3, Case("start/python")),
    _times("`--help`, over `python -c 'import click'`", Case("start/help"), 1.3, Case("start/click")),
    _faster("no-op plan of 1,000, seen before, than octoDNS", _seen(1_000), 5, "octodns"),
    _faster("no-op plan of 1,000, seen before, than Terraform", _seen(1_000), 40, "terraform"),
    _faster("no-op plan of 10,000, seen before, than octoDNS", _seen(10_000), 20, "octodns"),
    _under("no-op plan of 10,000, seen before: peak memory", _seen(10_000), "peak", 100, " MiB"),
    _faster("no-op plan of 10,000, cold, than octoDNS", Case("plan/cold", 10_000, EACH), 5, "octodns"),
    _times("no-op plan of 100,000, seen before, over 10,000", _seen(100_000), 11, _seen(10_000)),
    _under("no-op plan of 100,000, seen before: CPU", _seen(100_000), "cpu", 6, " s"),
    _under("no-op plan of 100,000, seen before: peak memory", _seen(100_000), "peak", 900, " MiB"),
    _times("`--format json` of 10,000 unchanged, over text", _JSON, 1.5, _seen(10_000)),
    _under("`--format json` of 10,000 unchanged: peak memory", _JSON, "peak", 150, " MiB"),
    _times("`--format json` of 10,000 creates, over text", _EMPTY_JSON, 1.5, _EMPTY),
    _under("`--format json` of 10,000 creates: peak memory", _EMPTY_JSON, "peak", 150, " MiB"),
    _under("second plan of 10,000: manifests opened", _OPENED, "manifests_opened", 0),
    _under("second plan of 10,000: data files opened", _OPENED, "data_opened", 0),
    _under("second plan over 100 MB of data: data files opened", Case("data/opened", 10), "data_opened", 0),
    _times("second plan over 100 MB of data, over 10 KB", _DATA, 1.2, _LITTLE_DATA),
    _under("100,000 chat lines (100 MB) checked: CPU", _CHECKED, "cpu", 3, " s"),
    _under("100,000 chat lines checked: peak memory", _CHECKED, "peak", 100, " MiB"),
    _under("100,000 chat lines checked, and their tokens counted: CPU", _COUNTED, "cpu", 6, " s"),
    _over_ideal("POST phase, over the ideal", "post", 1.15),
    _over_ideal("the whole, over the ideal", "wall", 1.5),
    _under("1,000 creates, 32 at a time: state writes", _CREATES, "state_writes", 40),
    Goal("2,000 creates, over 1,000", Case("apply/32", 2_000), "wall", AT_MOST, 2.1, " times", _CREATES),
    _under("state of 100,000: read", _STATE, "read", 2, " s"),
    _under("state of 100,000: write after 100 changes", _STATE, "write", 0.3, " s"),
)
"""Ratios and seconds are of CPU (user and system), but for applies: those are of wall time."""
