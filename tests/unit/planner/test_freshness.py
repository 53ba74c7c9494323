"""What approving a change allows, when the world has moved a little or a lot."""

from __future__ import annotations

import pytest

from ftops.errors import RefusalKind
from ftops.model.change import Action, Change, Reason
from ftops.model.dataset import Dataset
from ftops.model.finetune import DataFile, FineTune
from ftops.model.job import JobStatus
from ftops.model.plan import Plan
from ftops.model.planning import Planning
from ftops.model.project import ProviderSettings
from ftops.model.refusal import Refusal
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.review.freshness import Declared, Rest, bindings, rest

NOTHING = Declared((), {}, {})


def change(action: Action, reason: Reason = Reason.NEW, **more: object) -> Change:
    base = Change("a", action, reason, "why", "local", 1, 1, "f1:1")
    return replace(base, **more)  # type: ignore[arg-type]


def compare(saved: Change, now: tuple[Change, ...], state: State | None = None) -> Rest:
    state = state or State("p", "L", 1)
    return rest(Plan("p", "L", 1, (saved,)), Planning(Plan("p", "L", 1, now), state), NOTHING)


CANCEL = change(Action.CANCEL, Reason.REMOVED, job_id="j1")
REPLACE = change(Action.REPLACE, Reason.CHANGED, job_id="j1", generation=2)
ADOPT = change(Action.ADOPT, Reason.RESTORED, job_id="j0", cancel_first="j1")


@pytest.mark.parametrize(
    ("saved", "now"),
    [
        (change(Action.CREATE), change(Action.CREATE)),
        (change(Action.CREATE), change(Action.ADOPT, Reason.LOST_REPLY, job_id="j1")),
        (CANCEL, CANCEL),
        (CANCEL, change(Action.FORGET, Reason.REMOVED, job_id="j1")),
        (REPLACE, REPLACE),
        (REPLACE, change(Action.CREATE, Reason.CHANGED, generation=2)),
        (ADOPT, replace(ADOPT, cancel_first=None)),
        (change(Action.UPDATE, job_id="j1"), change(Action.UPDATE, job_id="j1")),
    ],
)
def test_the_same_step_or_what_is_left_of_it_may_be_done(saved: Change, now: Change) -> None:
    assert compare(saved, (now,)) == Rest((now,))


@pytest.mark.parametrize(
    ("saved", "now"),
    [
        (change(Action.CREATE), change(Action.CREATE, attempt=2)),
        (change(Action.CREATE), change(Action.CREATE, fingerprint="f1:2")),
        (change(Action.CREATE), change(Action.CREATE, provider="other")),
        (change(Action.CREATE), change(Action.REPLACE, job_id="j1")),
        (change(Action.CREATE), change(Action.ADOPT, job_id="j1", cancel_first="j2")),
        (change(Action.CREATE), change(Action.ADOPT, job_id="j1", generation=3)),
        (change(Action.CREATE), change(Action.WAIT, Reason.WAITING_FOR)),
        (change(Action.CREATE), change(Action.HOLD, Reason.LOOKALIKE, job_id="j1")),
        (CANCEL, replace(CANCEL, job_id="j2")),
        (CANCEL, change(Action.FORGET, job_id="j2")),
        (CANCEL, change(Action.HOLD, Reason.PROTECTED, job_id="j1")),
        (change(Action.FORGET, job_id="j1"), CANCEL),
        (ADOPT, replace(ADOPT, cancel_first="j3")),
        (REPLACE, replace(REPLACE, job_id="j2")),
    ],
)
def test_anything_else_is_stale_and_is_said(saved: Change, now: Change) -> None:
    record = Record("local", "f1:0", 1, 1, {})
    found = compare(saved, (now,), State("p", "L", 1, {"a": record}))
    assert found.moved == (
        (
            f"a was to {saved.action.value} and is now {now.action.value}: why"
            " (its record was (no record), now 1.1, job none)"
        ),
    )


@pytest.mark.parametrize("reason", [Reason.SETTLING, Reason.PROVIDER_LIMIT, Reason.CANCELLING])
def test_a_create_that_has_to_wait_is_neither_done_nor_stale(reason: Reason) -> None:
    waiting = change(Action.WAIT, reason)
    assert compare(REPLACE, (waiting,)) == Rest((waiting,))


def test_what_is_done_already_is_only_counted() -> None:
    job = RecordedJob("j1", "local", "f1:1", 1, 1, "n", JobStatus.RUNNING)
    recorded = State("p", "L", 2, {"a": Record("local", "f1:1", 1, 1, {}, job=job)})
    ended = replace(job, status=JobStatus.CANCELLED)
    archived = State("p", "L", 2, archive={"a": ArchivedRecord(1, (ended,))})
    keep = change(Action.KEEP, Reason.IN_PROGRESS, job_id="j1")
    assert compare(change(Action.CREATE), (keep,), recorded) == Rest((keep,), done=1)
    assert compare(change(Action.ADOPT, job_id="j1"), (keep,), recorded) == Rest((keep,), done=1)
    assert compare(change(Action.UPDATE, job_id="j1"), (keep,), recorded) == Rest((keep,), done=1)
    assert compare(CANCEL, (), archived) == Rest(done=1)
    assert compare(change(Action.FORGET, job_id="j1"), (), archived) == Rest(done=1)


def test_other_names_and_other_steps_stay_out() -> None:
    other = change(Action.CANCEL, Reason.DUPLICATE, job_id="j9")
    foreign = replace(change(Action.CREATE), name="b")
    assert compare(change(Action.CREATE), (foreign, other, change(Action.CREATE))) == Rest(
        (change(Action.CREATE),)
    )


def refused(kind: RefusalKind, generation: int = 1) -> State:
    """Return a state in which the create with this generation was refused."""
    refusal = Refusal(kind, "no", None, None, "m", 0.0, 0.0)
    intent = Intent("local", "n", "f1:1", generation, 1, {}, 0.0, 60.0, {}, (), lapsed=True, refusal=refusal)
    return State("p", "L", 2, {"a": Record("local", "f1:1", 1, 1, {}, intent=intent)})


def test_a_create_that_was_refused_for_good_is_done_and_no_other_one() -> None:
    held = change(Action.HOLD, Reason.REJECTED)
    assert compare(change(Action.CREATE), (held,), refused(RefusalKind.REJECTED)).done == 1
    other = compare(change(Action.CREATE), (held,), refused(RefusalKind.REJECTED, generation=2))
    assert (other.done, len(other.moved)) == (0, 1)
    passing = compare(change(Action.CREATE), (held,), refused(RefusalKind.NOT_READY))
    assert (passing.done, len(passing.moved)) == (0, 1)


def test_data_that_was_edited_makes_a_plan_stale_by_its_bytes() -> None:
    one = FineTune("a", "local", "m", (DataFile(path="a.jsonl"),))
    saved = Plan("p", "L", 1, (change(Action.CREATE),))
    state, made = State("p", "L", 1), Plan("p", "L", 1, (change(Action.CREATE),))

    def declared(content: str) -> Declared:
        return Declared((one,), {"a.jsonl": Dataset("a.jsonl", "rows", 1, 1, content)}, {})

    bound = replace(saved, bindings=bindings(saved, declared("before"), state))
    assert rest(bound, Planning(made, state), declared("before")).moved == ()
    assert rest(bound, Planning(made, state), declared("after")).moved == ("a.jsonl has changed",)
    unread = Declared((one,), {}, {})
    assert rest(bound, Planning(made, state), unread).moved == ("a.jsonl has changed",)


def test_an_adopt_is_done_where_its_job_stands_for_the_name_and_nowhere_else() -> None:
    job = RecordedJob("j5", "local", "f1:1", 1, 1, "n", JobStatus.RUNNING)
    state = State("p", "L", 2, {"a": Record("local", "f1:1", 1, 1, {}, job=job)})
    keep = change(Action.KEEP, Reason.IN_PROGRESS, job_id="j5")
    assert compare(change(Action.ADOPT, job_id="j5"), (keep,), state).done == 1
    other = compare(change(Action.ADOPT, job_id="j0"), (keep,), state)
    assert other.done == 0
    (moved,) = other.moved
    assert moved.endswith("(its record was (no record), now 1.1, job j5)")


def test_another_account_makes_a_plan_stale() -> None:
    saved = Plan("p", "L", 1, (change(Action.CREATE),))
    state = State("p", "L", 1)

    def at(url: str) -> Declared:
        return Declared((), {}, {"local": ProviderSettings("local", "openai", url)})

    bound = replace(saved, bindings=bindings(saved, at("https://one.example"), state))
    planning = Planning(Plan("p", "L", 1, saved.changes), state)
    assert rest(bound, planning, at("https://one.example")).moved == ()
    (moved,) = rest(bound, planning, at("https://two.example")).moved
    assert moved == "provider local of ftops.yaml has changed"


def test_another_account_by_a_key_of_the_dialects_own_makes_a_plan_stale() -> None:
    saved = Plan("p", "L", 1, (change(Action.CREATE),))
    state = State("p", "L", 1)

    def of(account: str) -> Declared:
        return Declared((), {}, {"local": ProviderSettings("local", "openai", own={"account": account})})

    bound = replace(saved, bindings=bindings(saved, of("one"), state))
    planning = Planning(Plan("p", "L", 1, saved.changes), state)
    assert rest(bound, planning, of("one")).moved == ()
    assert rest(bound, planning, of("two")).moved == ("provider local of ftops.yaml has changed",)
