"""Freeze windows are open exactly where a slow oracle says so; in one, plans create nothing. Deny wins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from ftops.manifests.freezing import freeze_findings
from ftops.model.change import Action, Change, Reason
from ftops.model.freezing import Freeze, Freezes, FreezeWindow
from ftops.model.plan import Plan
from ftops.model.planning import Inputs
from ftops.model.value import replace
from ftops.planner.planner import plan
from ftops.review.cron import cron_problem
from ftops.review.freezing import frozen
from tests.property.test_planner_laws import worlds
from tests.simulator.world import World

CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-06-01T12:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),  # By half an hour.
    "America/St_Johns": ("2006-04-02T03:31Z", "2006-10-29T02:31Z"),  # At one minute past midnight.
    "Pacific/Apia": ("2011-12-30T10:00Z",),  # A whole day is skipped.
    "Asia/Kolkata": ("2026-03-29T01:00Z",),
    "UTC": ("2026-02-28T23:00Z", "2024-02-29T12:00Z"),
}
"""Instants about which clocks of these zones are put forward or back, or are not."""
MINUTE = 60


class Cron(Struct, frozen=True):
    """A cron expression as sets; None is a star."""

    minutes: frozenset[int] | None
    hours: frozenset[int] | None
    days: frozenset[int] | None
    weekdays: frozenset[int] | None

    def __str__(self) -> str:
        fields = (self.minutes, self.hours, self.days, None, self.weekdays)
        return " ".join("*" if one is None else ",".join(map(str, sorted(one))) for one in fields)

    def __contains__(self, shown: datetime) -> bool:
        day = self.days is None or shown.day in self.days
        weekday = self.weekdays is None or shown.isoweekday() % 7 in self.weekdays
        either = self.days is not None and self.weekdays is not None
        return (
            (self.minutes is None or shown.minute in self.minutes)
            and (self.hours is None or shown.hour in self.hours)
            and ((day or weekday) if either else (day and weekday))
        )


class Window(Struct, frozen=True):
    """A window, as the oracle knows it."""

    cron: Cron
    minutes: int
    zone: str

    @property
    def written(self) -> FreezeWindow:
        return FreezeWindow(str(self.cron), f"{self.minutes}m", self.zone)

    def opened(self, low: float, high: float) -> Iterator[float]:
        """Yield every instant in ]low, high] at which it opens: minute by minute."""
        zone, at = ZoneInfo(self.zone), (low // MINUTE + 1) * MINUTE
        before = datetime.fromtimestamp(at - MINUTE, zone).replace(tzinfo=None)
        while at <= high:
            shown = datetime.fromtimestamp(at, zone).replace(tzinfo=None)
            skipped = before + timedelta(minutes=1)
            while skipped < shown:
                if skipped in self.cron:
                    yield at
                    break
                skipped += timedelta(minutes=1)
            if shown in self.cron:
                yield at
            before, at = shown, at + MINUTE

    def open(self, at: float) -> bool:
        return next(self.opened(at - self.minutes * MINUTE, at), None) is not None


def some(most: int, least: int = 0) -> st.SearchStrategy[frozenset[int] | None]:
    return st.none() | st.frozensets(st.integers(least, most), min_size=1, max_size=3)


EARLY = st.none() | st.frozensets(st.integers(0, 5), min_size=1, max_size=3)
CRONS = st.builds(Cron, some(59), EARLY | some(23), st.none() | some(31, 1), st.none() | some(6))
INSTANTS = st.sampled_from([(zone, one) for zone, several in CHANGES.items() for one in several]).flatmap(
    lambda pair: st.tuples(
        st.just(pair[0]),
        st.integers(-4 * 3600, 4 * 3600).map(lambda by: datetime.fromisoformat(pair[1]).timestamp() + by),
    )
)


@settings(max_examples=300)
@given(INSTANTS, CRONS, st.integers(1, 200))
def test_a_window_is_open_exactly_where_a_minute_by_minute_oracle_says_so(
    where: tuple[str, float], cron: Cron, minutes: int
) -> None:
    zone, at = where
    window = Window(cron, minutes, zone)
    assert (frozen([window.written], at) is not None) == window.open(at), window


@settings(max_examples=60)
@given(INSTANTS, st.lists(st.tuples(CRONS, st.integers(1, 90)), min_size=1, max_size=3))
def test_it_is_frozen_while_any_window_is_open_and_until_the_last_that_joins(
    where: tuple[str, float], several: list[tuple[Cron, int]]
) -> None:
    zone, at = where
    windows = [Window(cron, minutes, zone) for cron, minutes in several]
    written = [one.written for one in windows]
    found = frozen(written, at)
    assert (found is not None) == any(one.open(at) for one in windows)
    assert found == frozen(list(reversed(written)), at) or len({str(one) for one in written}) > 1
    if found is not None and "at least" not in found.message:
        assert found.until > at
        assert not any(one.open(found.until) for one in windows)
        assert any(one.open(found.until - 1) for one in windows)


@given(st.text("0123456789*,-/#LWMONFRI ", max_size=30))
def test_whatever_is_written_has_times_or_is_refused_in_words(text: str) -> None:
    problem = cron_problem(text)
    assert problem is None or len(problem) > 10
    list(freeze_findings([{"cron": text, "duration": "1h"}]))
    if problem is None:
        frozen([FreezeWindow(text, "1h")], 1_800_000_000.0)


def given_to(world: World) -> Inputs:
    loaded, reviewed = world.look()
    return Inputs(
        project=loaded.project.name,
        fine_tunes=loaded.fine_tunes,
        datasets=loaded.datasets,
        observations=reviewed.observations,
        state=reviewed.stored,
        now=world.clock.now(),
        configured=frozenset(loaded.facts),
        data_problems=loaded.data_problems,
        fingerprints=loaded.fingerprints,
    )


CLOSED = Freeze(1e12, "frozen until then")
ANYWAY = {Reason.DUPLICATE, Reason.SUPERSEDED, Reason.CANCELLED_BY_HAND, Reason.OVERDUE}


def test_in_a_window_no_plan_creates_and_what_it_does_not_concern_is_as_without_it() -> None:
    met: set[tuple[Action, bool]] = set()
    for seed, world in worlds():
        inputs = given_to(world)
        free = plan(inputs).plan
        for freezes in (Freezes(CLOSED), Freezes(CLOSED, CLOSED)):
            shut = plan(replace(inputs, freezes=freezes)).plan
            met |= {(change.action, freezes.stops is not None) for change in put_off(free, shut)}
            assert not [one for one in shut.changes if one.action.creates], f"seed {seed}"
            if freezes.stops:
                stops = [one for one in shut.effective_changes if one.stops and one.reason not in ANYWAY]
                assert not stops, f"seed {seed}"
            held = {one.name for one in free.changes if one.action is Action.HOLD}
            assert held <= {one.name for one in shut.changes if one.action is Action.HOLD}, f"seed {seed}"
    assert {(Action.CREATE, False), (Action.REPLACE, False), (Action.CANCEL, True)} <= met


def put_off(free: Plan, shut: Plan) -> list[Change]:
    """Return what the one plan does and the other puts off; all else has to be the same, and its waits."""
    before = {(one.name, one.job_id if not one.spec else None): one for one in free.changes}
    moved = []
    for change in shut.changes:
        was = before[change.name, change.job_id if not change.spec else None]
        if change.reason is Reason.FREEZE:
            assert was.action.creates or was.stops or was.then, was
            moved.append(was)
    assert len(free.changes) == len(shut.changes)
    return moved


def test_it_goes_on_where_no_window_is() -> None:
    for _, world in worlds():
        inputs = given_to(world)
        assert plan(inputs) == plan(replace(inputs, freezes=Freezes()))
        break


def test_a_zone_has_the_rules_of_the_tz_database() -> None:
    window = FreezeWindow("30 2 * * *", "10m", "Europe/Berlin")
    spring = datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp()
    once = [frozen([window], spring + by) is not None for by in (-1, 0, 599, 600)]
    assert once == [False, True, True, False]
    autumn = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()
    twice = [frozen([window], autumn + by) is not None for by in (0, 600, 3600, 4199, 4200)]
    assert twice == [True, False, True, True, False]


def test_an_unknown_zone_is_no_crash() -> None:
    for zone in ("Mars/Base", "../x", "Europe", "A" * 300):
        assert list(freeze_findings([{"cron": "* * * * *", "duration": "1h", "zone": zone}]))
