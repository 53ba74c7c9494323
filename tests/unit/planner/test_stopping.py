"""Which jobs a person's cancel stops now, and what is said of all that it does not stop."""

from __future__ import annotations

import pytest

from ftops.model.cancelling import Cancelled, Fate, Stop
from ftops.model.change import Action, Change, Reason
from ftops.model.finetune import Lifecycle, Source
from ftops.model.job import JobStatus
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, State
from ftops.model.value import replace
from ftops.planner.stopping import idle, recorded_job, sorted_out

JOB = RecordedJob("j1", "q", "f1:1", 3, 2, "n1", JobStatus.RUNNING)
STOP = Change("a", Action.CANCEL, Reason.CANCELLED_BY_HAND, "why", "p", 3, 2, "f1:1", job_id="j1")
INTENT = Intent("r", "n2", "f1:1", 4, 1, {}, 0.0, 60.0, {}, ())


def state(job: RecordedJob | None = JOB, **more: object) -> State:
    record = replace(Record("q", "f1:1", 3, 2, {}, job=job), **more)  # type: ignore[arg-type]  # fields of a test
    return State("sim", "l", fine_tunes={"a": record})


def stopped(change: Change, kept: State, *, unread: bool = False) -> tuple[list[Stop], list[Cancelled]]:
    return sorted_out([change], kept, {"a"}, unread=unread)


def test_a_job_that_was_noted_is_stopped_where_it_is_recorded() -> None:
    ((found,), rest) = stopped(STOP, state())
    assert (found.change, found.job, found.protected) == (replace(STOP, provider="q"), JOB, False)
    assert rest == []


def test_what_is_protected_is_said_to_be() -> None:
    ((found,), _) = stopped(STOP, state(lifecycle=Lifecycle(protect=True)))
    assert found.protected


def test_while_manifests_are_unread_a_name_without_one_keeps_its_record() -> None:
    ((found,), _) = stopped(STOP, state(), unread=True)
    assert found.change.source is not None
    declared = replace(STOP, source=Source("a.yaml", 3))
    ((found,), _) = stopped(declared, state(), unread=True)
    assert found.change.source == declared.source


def test_names_that_were_not_meant_are_neither_stopped_nor_told() -> None:
    assert sorted_out([replace(STOP, name="b")], state(), {"a"}, unread=False) == ([], [])


RESTING = replace(STOP, action=Action.HOLD, reason=Reason.UNREACHABLE)


@pytest.mark.parametrize(
    ("change", "job", "noted", "stops"),
    [
        (RESTING, JOB, ("f1:1",), True),
        (RESTING, JOB, ("f1:2",), False),
        (RESTING, JOB, (), False),
        (RESTING, replace(JOB, status=JobStatus.FAILED), ("f1:1",), False),
        (RESTING, replace(JOB, missing_since=5.0), ("f1:1",), False),
        (replace(RESTING, action=Action.WAIT), JOB, ("f1:1",), False),
        (replace(RESTING, reason=Reason.PROTECTED), JOB, ("f1:1",), False),
        (replace(STOP, reason=Reason.REMOVED), JOB, ("f1:1",), False),
        (STOP, JOB, (), True),
    ],
)
def test_where_no_list_can_be_had_a_noted_job_is_stopped_by_its_id(
    change: Change, job: RecordedJob, noted: tuple[str, ...], *, stops: bool
) -> None:
    found, rest = stopped(change, state(job, cancelled_by_hand=noted))
    assert (bool(found), bool(rest)) == (stops, not stops)


def test_a_create_in_doubt_is_told_unless_its_name_is_in_doubt_already() -> None:
    _, (told,) = sorted_out([], state(None, intent=INTENT), {"a"}, unread=False)
    assert (told.name, told.provider, told.fate) == ("a", "r", Fate.UNSURE)
    assert sorted_out([], state(None, intent=replace(INTENT, lapsed=True)), {"a"}, unread=False) == ([], [])
    doubt = replace(STOP, action=Action.HOLD, reason=Reason.AMBIGUOUS_CREATE, job_id=None)
    _, told_once = stopped(doubt, state(None, intent=INTENT))
    assert [(one.fate, one.message) for one in told_once] == [(Fate.UNSURE, "why")]


@pytest.mark.parametrize(
    ("reason", "fate"),
    [
        (Reason.CANCELLING, Fate.CANCELLING),
        (Reason.SETTLING, Fate.UNSURE),
        (Reason.UNREACHABLE, Fate.UNSURE),
        (Reason.CANCELLED_BY_HAND, Fate.HELD),
    ],
)
def test_what_is_not_stopped_says_whether_it_may_run(reason: Reason, fate: Fate) -> None:
    _, (told,) = stopped(replace(STOP, action=Action.HOLD, reason=reason, job_id="j1"), state())
    assert (told.fate, told.job_id) == (fate, "j1")


def test_a_job_is_known_from_record_archive_or_the_mark_that_it_carries() -> None:
    assert recorded_job(STOP, state()) == JOB
    assert recorded_job(STOP, State("sim", "l", archive={"a": ArchivedRecord(3, (JOB,))})) == JOB
    unknown = recorded_job(STOP, State("sim", "l"))
    assert unknown == RecordedJob("j1", "p", "f1:1", 3, 2, None, JobStatus.UNKNOWN)
    assert recorded_job(replace(STOP, reason=Reason.DUPLICATE), State("sim", "l")) is None
    assert recorded_job(replace(STOP, job_id=None), State("sim", "l")) is None


def test_a_name_without_anything_to_stop_says_why() -> None:
    (nothing,) = idle("a", ())
    assert (nothing.fate, nothing.message) == (
        Fate.NOTHING,
        "it is not declared, and none of its jobs is running",
    )
    keep = replace(STOP, action=Action.KEEP, reason=Reason.SUCCEEDED)
    assert idle("a", [replace(keep, name="b"), keep]) == (Cancelled("a", "p", "j1", Fate.NOTHING, "why"),)
    (gone,) = idle("a", [replace(keep, action=Action.FORGET)])
    assert (gone.provider, gone.job_id, gone.message) == ("p", "j1", nothing.message)
    orphan = replace(keep, action=Action.HOLD, reason=Reason.ORPHAN, job_id="j9")
    assert idle("a", [keep, orphan]) == (Cancelled("a", "p", "j9", Fate.UNSURE, "why"),)
