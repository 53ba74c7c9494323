"""What newly came true is told once, whoever looks, however often, and in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.change import Action, Change, Reason
from ftops.model.job import JobError, JobStatus
from ftops.model.plan import Plan
from ftops.model.review import Review, Violation
from ftops.model.spending import Purchase
from ftops.model.state import ArchivedRecord, Record, RecordedJob, State
from ftops.model.transition import MOST_TRANSITIONS, Telling, Transition, TransitionKind
from ftops.model.value import replace
from ftops.records.delivering import PATIENCE, delivered, due, failed
from ftops.records.happened import happened
from ftops.records.standing import Seen
from ftops.records.transitions import observe

NOW = 1_795_000_000.0
EVERYTHING = frozenset(TransitionKind)
TARGET = Telling("0" * 16, EVERYTHING)
EMPTY = State("p", "lineage", 1, observed={})


def job(number: int, status: JobStatus, *, bought: bool = True, generation: int = 1) -> RecordedJob:
    purchase = Purchase(at=NOW, by="ana", commit="a" * 40) if bought else None
    model = f"ft:{number}" if status is JobStatus.SUCCEEDED else None
    error = JobError("server_error", "boom") if status is JobStatus.FAILED else None
    return RecordedJob(
        f"job-{number}", "local", f"f1:sha256:{'0' * 64}", generation, 1, None, status,
        fine_tuned_model=model, error=error, purchase=purchase,
    )  # fmt: skip


def state(**jobs: RecordedJob) -> State:
    records = {name: Record(one.provider, one.fingerprint, 1, 1, job=one) for name, one in jobs.items()}
    return replace(EMPTY, fine_tunes=records)


def change(name: str, action: Action = Action.KEEP, reason: Reason = Reason.IN_PROGRESS) -> Change:
    return Change(name, action, reason, f"{name} because", "local", generation=1)


def seen(stored: State, *changes: Change, now: float = NOW, telling: tuple[Telling, ...] = (TARGET,)) -> Seen:
    return Seen(stored, Plan("p", "lineage", 1, changes), now, telling=telling, by="runner")


def kinds(one: State) -> list[tuple[str | None, str]]:
    return [(event.name, event.kind.value) for event in one.events]


def test_a_jobs_life_is_told_once_each_step() -> None:
    held = change("a")
    created = observe(state(a=job(1, JobStatus.PENDING)), seen(EMPTY, held))
    assert kinds(created) == [("a", "created")]
    running = replace(created, fine_tunes=state(a=job(1, JobStatus.RUNNING)).fine_tunes)
    assert observe(running, seen(created, held)) is running
    done = observe(
        replace(created, fine_tunes=state(a=job(1, JobStatus.SUCCEEDED)).fine_tunes), seen(created, held)
    )
    assert kinds(done) == [("a", "created"), ("a", "succeeded")]
    assert "its model is ft:1" in done.events[-1].message
    assert observe(done, seen(done, held)) is done
    # A list that shows it running again, and then at its end, is no news.
    back = observe(replace(done, fine_tunes=running.fine_tunes), seen(done, held))
    again = observe(replace(back, fine_tunes=done.fine_tunes), seen(back, held))
    assert kinds(again) == kinds(done)


def test_a_failure_is_told_with_the_providers_words_and_its_hold_is_no_second_message() -> None:
    stored = replace(EMPTY, fine_tunes=state(a=job(1, JobStatus.FAILED)).fine_tunes)
    hold = replace(change("a", Action.HOLD, Reason.FAILED), job_id="job-1")
    told = observe(stored, seen(EMPTY, hold))
    assert [(one.about.kind.value if one.about else "") for one in told.deliveries] == ["created", "failed"]
    assert "boom" in told.events[1].message
    assert ("a", "held") in kinds(told)
    only_holds = Telling("1" * 16, frozenset({TransitionKind.HELD}))
    quiet = observe(stored, seen(EMPTY, hold, telling=(only_holds,)))
    assert [one.about.kind.value for one in quiet.deliveries if one.about] == ["held"]


def test_a_hold_that_comes_again_is_told_again_and_its_end_too() -> None:
    hold = change("a", Action.HOLD, Reason.INVALID_DATA)
    first = observe(EMPTY, seen(EMPTY, hold))
    assert observe(first, seen(first, hold)) is first
    over = replace(observe(first, seen(first, change("a"))), serial=2)
    again = observe(over, seen(over, hold))
    assert [kind for _, kind in kinds(again)] == ["held", "released", "held"]
    assert len({one.id for one in again.deliveries}) == 3


def test_what_nobody_could_look_at_is_neither_over_nor_new() -> None:
    hold = change("a", Action.HOLD, Reason.INVALID_DATA)
    first = observe(EMPTY, seen(EMPTY, hold))
    away = seen(first, change("a", Action.HOLD, Reason.UNREACHABLE))
    blind = observe(first, away)
    assert ("a", "released") not in kinds(blind)
    assert observe(blind, seen(blind, hold)).events == blind.events


def test_a_hold_that_is_tried_again_is_not_over_until_its_create_was_taken() -> None:
    hold = change("a", Action.HOLD, Reason.STUCK)
    held = observe(EMPTY, seen(EMPTY, hold))
    tried = observe(held, seen(held, change("a", Action.CREATE, Reason.STUCK)))
    assert tried is held
    assert observe(tried, seen(tried, hold)) is held
    taken = observe(tried, seen(tried, change("a")))
    assert kinds(taken) == [("a", "held"), ("a", "released")]


def test_billing_is_told_once_for_the_provider_whoever_is_first_in_its_queue() -> None:
    held = observe(EMPTY, seen(EMPTY, change("a", Action.HOLD, Reason.BILLING)))
    (told,) = held.deliveries
    assert told.about is not None
    assert (told.about.name, told.about.provider, told.about.reason) == (None, "local", "billing")
    first = change("b", Action.HOLD, Reason.BILLING)
    for step in (
        change("a", Action.CREATE, Reason.BILLING),
        first,
        change("b", Action.CREATE, Reason.BILLING),
    ):
        assert observe(held, seen(held, step)) is held
    over = observe(held, seen(held, change("a"), change("b")))
    assert kinds(over) == [(None, "held"), (None, "released")]


def test_a_freeze_window_neither_ends_nor_repeats_what_it_hides() -> None:
    over = change("a", Action.HOLD, Reason.OVER_BUDGET)
    first = observe(EMPTY, seen(EMPTY, over))
    frozen = observe(first, seen(first, change("a", Action.WAIT, Reason.FREEZE)))
    assert observe(frozen, seen(frozen, over)).events == first.events
    assert kinds(first) == [("a", "over_budget")]


def test_what_came_true_before_a_state_was_ever_observed_is_no_news() -> None:
    old = replace(state(a=job(1, JobStatus.SUCCEEDED)), observed=None)
    looked = observe(old, seen(old, change("a")))
    assert (looked.events, looked.deliveries) == ((), ())
    assert looked.observed == {"a": ("succeeded:job-1",)}


def test_a_new_target_is_told_of_what_happens_from_now_on() -> None:
    stored = observe(state(a=job(1, JobStatus.SUCCEEDED)), seen(EMPTY, change("a"), telling=()))
    assert stored.deliveries == ()
    assert observe(stored, seen(stored, change("a"))) is stored


def test_a_rename_changes_nothing() -> None:
    stored = observe(state(a=job(1, JobStatus.SUCCEEDED)), seen(EMPTY, change("a")))
    renamed = replace(stored, fine_tunes={"b": stored.fine_tunes["a"]})
    assert observe(renamed, seen(stored, change("b"))).events == stored.events


def test_a_refused_plan_is_told_once() -> None:
    refusing = replace(seen(EMPTY, change("a")), review=Review((Violation("budget", "too dear", "h"),)))
    told = observe(EMPTY, refusing)
    assert kinds(told) == [(None, "over_budget")]
    assert observe(told, refusing) is told


def test_only_who_wants_it_is_told() -> None:
    other = Telling("2" * 16, EVERYTHING, {"team": "other"})
    mine = Telling("3" * 16, EVERYTHING, {"team": "mine"})
    about = replace(change("a"), labels={"team": "mine"})
    told = observe(state(a=job(1, JobStatus.PENDING)), seen(EMPTY, about, telling=(other, mine)))
    assert [one.target for one in told.deliveries] == [mine.key]


@given(
    st.permutations(["a", "b", "c", "d"]),
    st.lists(st.sampled_from(sorted(JobStatus)), min_size=4, max_size=4),
)
def test_the_order_of_names_is_irrelevant_and_a_second_look_tells_nothing(
    order: list[str], statuses: list[JobStatus]
) -> None:
    jobs = {
        name: job(number, status) for number, (name, status) in enumerate(zip("abcd", statuses, strict=True))
    }
    straight, mixed = state(**jobs), state(**{name: jobs[name] for name in order})
    one = observe(straight, seen(EMPTY, *map(change, "abcd")))
    two = observe(mixed, seen(EMPTY, *map(change, order)))
    assert (one.events, one.deliveries, one.observed) == (two.events, two.deliveries, two.observed)
    assert observe(two, seen(two, *map(change, order))) is two


@given(st.lists(st.sampled_from(["hold", "keep", "unreachable", "lost write"]), max_size=12))
def test_however_runs_end_each_transition_has_one_delivery(steps: list[str]) -> None:
    stored, expected, holds = EMPTY, 0, False
    for number, step in enumerate(steps):
        reason = Reason.UNREACHABLE if step == "unreachable" else Reason.INVALID_DATA
        about = change("a") if step == "keep" else change("a", Action.HOLD, reason)
        after = observe(replace(stored, serial=number), seen(stored, about, now=NOW + number))
        if step == "lost write":
            continue  # The run was killed before its write: the next one looks from the same state.
        news = step in ("hold", "keep") and holds is not (step == "hold")
        expected += news
        holds = step == "hold" if step in ("hold", "keep") else holds
        stored = after
        mine = [one for one in stored.events if one.name == "a"]
        assert len(mine) == expected
    assert len({one.id for one in stored.deliveries}) == len(stored.deliveries)


def test_a_delivery_is_tried_again_later_and_never_after_it_was_taken() -> None:
    told = observe(state(a=job(1, JobStatus.PENDING)), seen(EMPTY, change("a")))
    (one,) = due(told, NOW)
    later = failed(told, one, "503", NOW)
    assert due(later, NOW + 59) == ()
    (second,) = due(later, NOW + 60)
    assert (second.id, second.attempts, second.about) == (one.id, 1, one.about)
    taken = delivered(later, second, NOW + 60)
    assert due(taken, NOW + 10**9) == ()
    assert taken.deliveries[0].done_at == NOW + 60


def test_after_a_day_it_is_given_up_and_that_is_in_the_history() -> None:
    told = observe(state(a=job(1, JobStatus.PENDING)), seen(EMPTY, change("a")))
    (one,) = due(told, NOW)
    over = failed(told, one, "503", NOW + PATIENCE)
    assert due(over, NOW + 10**9) == ()
    assert over.events[-1].kind is TransitionKind.UNDELIVERED
    assert "503" in over.events[-1].message


def test_only_so_many_events_are_kept_and_records_know_what_was_before() -> None:
    many = tuple(Transition(NOW, TransitionKind.HELD, "x", "b") for _ in range(MOST_TRANSITIONS))
    old = replace(job(1, JobStatus.SUCCEEDED), created_at=NOW - 90, finished_at=NOW - 10)
    stored = replace(state(a=old), events=many, observed={"a": ("succeeded:job-1",)})
    hold = change("b", Action.HOLD, Reason.INVALID_DATA)
    assert len(observe(stored, seen(stored, change("a"), hold)).events) == MOST_TRANSITIONS
    found = happened(stored, "a")
    assert [(one.at - NOW, one.kind.value, one.by) for one in found] == [
        (-90, "created", "ana"),
        (-10, "succeeded", None),
    ]
    assert len(happened(stored)) == MOST_TRANSITIONS + 2


@pytest.mark.parametrize("archived", [False, True])
def test_what_was_observed_is_not_told_by_the_records_again(archived: bool) -> None:
    one = replace(job(1, JobStatus.SUCCEEDED), created_at=NOW - 90, finished_at=NOW - 10)
    stored = observe(state(a=one), seen(EMPTY, change("a")))
    if archived:
        stored = replace(stored, fine_tunes={}, archive={"a": ArchivedRecord(1, (one,))})
    assert [event.kind.value for event in happened(stored, "a")] == ["created", "succeeded"]
