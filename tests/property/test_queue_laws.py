"""Laws of the queue: its limits hold, its order is kept, and no place stays empty while anybody waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ftops.model.change import Action, Change, Reason
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.job import Job, JobStatus
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.plan import Plan
from ftops.model.planning import Inputs
from ftops.model.queue import Queue
from ftops.model.spending import Purchase
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.planner.planner import plan
from ftops.providers.registry import dialects
from tests.simulator.world import fine_tune

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
FACTS = ProviderFacts("p", "openai", dialects()["openai"].capabilities)
NAMES = "abcdef"


@st.composite
def queues(draw: st.DrawFn) -> Queue:
    active = draw(st.none() | st.integers(1, 5))
    free = draw(st.integers(0, active - 1)) if active else 0
    return Queue(active, draw(st.none() | st.integers(1, 5)), free)


@st.composite
def pasts(draw: st.DrawFn) -> tuple[State, tuple[Job, ...], int]:
    """Draw what was created before, what runs, and how many creates of today that makes."""
    records: dict[str, Record] = {}
    archive: dict[str, ArchivedRecord] = {}
    live: list[Job] = []
    today = 0
    for number, kind in enumerate(draw(st.lists(st.sampled_from(PASTS), max_size=6))):
        name, ago = f"old-{number}", draw(st.sampled_from((60.0, 13 * 3600.0)))
        at, counts = NOW - ago, ago < 12 * 3600
        status = JobStatus.RUNNING if kind in ("running", "foreign", "found") else JobStatus.SUCCEEDED
        ours = Purchase(at=at) if kind not in ("found", "foreign") else None
        nonce = None if ours is None else f"n{number}"
        job = RecordedJob(f"job-{number}", "p", "f", 1, 1, nonce, status, created_at=at, purchase=ours)
        if kind == "foreign" or status is JobStatus.RUNNING:
            live.append(Job(job.id, "p", status, "running", model="another", created_at=at))
        if kind == "intent":
            intent = Intent("p", f"n{number}", "f", 1, 1, {}, at, NOW + 1000, purchase=Purchase(at=at))
            records[name] = Record("p", "f", 1, 1, intent=intent)
        elif kind == "archived":
            archive[name] = ArchivedRecord(1, (job,))
        elif kind != "foreign":
            records[name] = Record("p", "f", 1, 1, job=job)
        today += counts and ours is not None
    return State("sim", "l", fine_tunes=records, archive=archive), tuple(live), today


PASTS = ("running", "ended", "archived", "intent", "foreign", "found")


def planned(
    queue: Queue, past: tuple[State, tuple[Job, ...], int], declared: tuple[FineTune, ...], **how: Any
) -> Plan:
    old = tuple(replace(fine_tune(name, 9), name=name) for name in past[0].fine_tunes)
    state = _as_declared(past[0], old)
    inputs = _inputs(queue, state, past[1], (*old, *declared))
    return plan(replace(inputs, **how)).plan


def _inputs(queue: Queue, state: State, live: tuple[Job, ...], declared: tuple[FineTune, ...]) -> Inputs:
    data = {
        f"{one.name}.jsonl": Dataset(f"{one.name}.jsonl", one.name * 9, 10, 1, one.name * 9)
        for one in declared
    }
    seen = Observation(replace(FACTS, queue=queue), live, listed_at=(NOW,))
    return Inputs("sim", declared, data, {"p": seen}, state, NOW)


def _as_declared(state: State, old: tuple[FineTune, ...]) -> State:
    """Make each record that of what is declared, so that it is kept and not trained anew."""
    bare = plan(_inputs(Queue(), replace(state, fine_tunes={}, archive={}), (), old)).plan
    prints = {change.name: change.fingerprint or "" for change in bare.changes}
    records = {}
    for name, record in state.fine_tunes.items():
        job = replace(record.job, fingerprint=prints[name]) if record.job else None
        intent = replace(record.intent, fingerprint=prints[name]) if record.intent else None
        records[name] = replace(record, fingerprint=prints[name], job=job, intent=intent)
    return replace(state, fine_tunes=records)


WANTED = st.dictionaries(st.sampled_from(NAMES), st.integers(-2, 2)).map(lambda one: list(one.items()))


@given(queues(), pasts(), WANTED, st.booleans())
def test_the_limits_hold_the_order_is_kept_and_no_place_stays_empty(
    queue: Queue,
    past: tuple[State, tuple[Job, ...], int],
    wanted: list[tuple[str, int]],
    unattended: bool,
) -> None:
    declared = tuple(fine_tune(name, priority=priority) for name, priority in wanted)
    made = planned(queue, past, declared, unattended=unattended)
    mine = [change for change in made.changes if change.name in dict(wanted)]
    going = [one.name for one in mine if one.action is Action.CREATE]
    waiting = [one for one in mine if one.action is Action.WAIT]
    assert {one.reason for one in waiting} <= {Reason.PROVIDER_LIMIT}
    assert len(going) + len(waiting) == len(wanted)

    room = _room(queue, past, unattended=unattended)
    assert len(going) == min(len(wanted), max(0, room))
    ranked = [name for name, _ in sorted(wanted, key=lambda one: (-one[1], one[0]))]
    assert sorted(going) == sorted(ranked[: len(going)])
    assert [one.name for one in sorted(waiting, key=_position)] == ranked[len(going) :]
    assert [_position(one) for one in sorted(waiting, key=_position)] == list(range(1, len(waiting) + 1))
    assert {one.queue.of for one in waiting if one.queue} <= {len(waiting)}


def _room(queue: Queue, past: tuple[State, tuple[Job, ...], int], *, unattended: bool) -> int:
    state, live, today = past
    intents = sum(1 for record in state.fine_tunes.values() if record.intent)
    left = [len(NAMES)]
    if queue.max_active is not None:
        free = queue.leave_free if unattended else 0
        left.append(queue.max_active - free - len(live) - intents)
    if queue.per_day is not None:
        left.append(queue.per_day - today)
    return min(left)


def _position(change: Change) -> int:
    assert change.queue
    return change.queue.position


@given(queues(), pasts())
def test_who_waits_for_the_day_goes_on_at_midnight_and_the_first_goes_first(
    queue: Queue, past: tuple[State, tuple[Job, ...], int]
) -> None:
    queue = Queue(None, queue.per_day or 1)
    declared = tuple(fine_tune(name) for name in NAMES)
    waiting = [one for one in planned(queue, past, declared).changes if one.queue]
    assert {one.queue.until for one in waiting if one.queue} <= {MIDNIGHT}
    tomorrow = planned(queue, past, declared, now=MIDNIGHT + 1)
    going = [one.name for one in tomorrow.changes if one.action is Action.CREATE and one.name in NAMES]
    assert going == list(NAMES)[: queue.per_day]


def test_a_replace_counts_in_the_day_and_needs_no_place() -> None:
    old = RecordedJob("job-1", "p", "f1:old", 1, 1, "n1", JobStatus.RUNNING, purchase=Purchase(at=NOW - 60))
    state = State("sim", "l", fine_tunes={"a": Record("p", "f1:old", 1, 1, job=old)})
    live = (Job("job-1", "p", JobStatus.RUNNING, "running", created_at=NOW - 60),)
    declared = (fine_tune("a", 2),)
    (full,) = plan(_inputs(Queue(1), state, live, declared)).plan.changes
    assert full.action is Action.REPLACE
    (spent,) = plan(_inputs(Queue(1, 1), state, live, declared)).plan.changes
    assert (spent.action, spent.reason, spent.job_id) == (Action.WAIT, Reason.PROVIDER_LIMIT, "job-1")
    assert spent.then is not None
    assert spent.then.action is Action.REPLACE
    later = NOW + timedelta(days=1).total_seconds()
    (again,) = plan(replace(_inputs(Queue(1, 1), state, live, declared), now=later)).plan.changes
    assert again.action is Action.REPLACE
