"""A record under another name uses no number twice, and takes along all that the new name has been."""

from __future__ import annotations

import pytest

from ftops.model.finetune import FineTune, Lifecycle
from ftops.model.job import JobStatus
from ftops.model.observation import ProviderFacts
from ftops.model.state import ArchivedRecord, Intent, Record, RecordedJob, SentRequest, State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.records.desired import DesiredSet
from ftops.records.renaming import follow_renames, moved, take_over_removed
from tests.simulator.world import dataset, fine_tune

FACTS = ProviderFacts("p", "openai", dialects()["openai"].capabilities)
ASKED = SentRequest("p", {"seed": 1}, ())


def job(
    job_id: str, number: int = 1, *, status: JobStatus = JobStatus.RUNNING, of: str = "f1:1"
) -> RecordedJob:
    return RecordedJob(job_id, "p", of, number, 1, f"n-{job_id}", status)


def intent(generation: int, fingerprint: str = "f1:1") -> Intent:
    return Intent("p", "n9", fingerprint, generation, 1, {}, 0.0, 60.0, {}, ())


def test_a_name_that_was_used_counts_on_and_keeps_all_that_it_was() -> None:
    record = Record("p", "f1:1", 2, 1, {}, intent=intent(2), job=job("j2", 2), history=(job("j1", 1),))
    earlier = ArchivedRecord(5, (job("j0", 5),), ("n0",), (ASKED,), ("f1:9",))
    after = moved(State("sim", "l", fine_tunes={"old": record}, archive={"new": earlier}), "old", "new")
    assert list(after.fine_tunes) == ["new"]
    kept = after.fine_tunes["new"]
    assert (kept.generation, kept.intent and kept.intent.generation) == (7, 7)
    assert [(one.id, one.generation) for one in kept.jobs] == [("j2", 7), ("j1", 6), ("j0", 5)]
    assert (kept.spent_nonces, kept.requests, kept.cancelled_by_hand) == (("n0",), (ASKED,), ("f1:9",))
    assert after.archive == {"old": ArchivedRecord(7)}


def test_a_name_that_is_new_takes_the_numbers_as_they_are() -> None:
    record = Record("p", "f1:1", 2, 1, {}, job=job("j2", 2))
    left = ArchivedRecord(4, (job("j1"),))
    after = moved(State("sim", "l", fine_tunes={"old": record}, archive={"old": left}), "old", "new")
    assert after.fine_tunes == {"new": record}
    assert after.archive == {"old": left}


def renamed_to(name: str, before: str | None) -> FineTune:
    return replace(fine_tune(name), lifecycle=Lifecycle(renamed_from=before))


@pytest.mark.parametrize(
    ("declared", "recorded", "follows"),
    [
        ({"new": "old"}, ("old",), True),
        ({"new": None}, ("old",), False),
        ({"new": "old"}, (), False),
        ({"new": "old"}, ("old", "new"), False),
        ({"new": "old", "old": None}, ("old",), False),
    ],
)
def test_a_record_follows_a_rename_that_leaves_nothing_open(
    declared: dict[str, str | None], recorded: tuple[str, ...], *, follows: bool
) -> None:
    records = {name: Record("p", "f1:1", 1, 1, {}, job=job(f"j-{name}")) for name in recorded}
    fine_tunes = {name: renamed_to(name, before) for name, before in declared.items()}
    state, renamed = follow_renames(State("sim", "l", fine_tunes=records), fine_tunes)
    assert renamed == ({"new": "old"} if follows else {})
    assert list(state.fine_tunes) == (["new"] if follows else list(recorded))


def desired(*fine_tunes: FineTune) -> DesiredSet:
    paths = {file.path: dataset(file.path) for one in fine_tunes for _, file in one.data_files if file.path}
    return DesiredSet(fine_tunes, paths, {"p": FACTS})


WANTED = desired(fine_tune("new"))
SAME = WANTED.fingerprint("new")


def taken(
    *, archive: ArchivedRecord | None = None, new: Record | None = None, **removed: Record
) -> str | None:
    """Return which removed name the declared one takes the record of."""
    records = {**removed, "new": new} if new else removed
    archived = {"new": archive} if archive else {}
    after, names = take_over_removed(State("sim", "l", fine_tunes=records, archive=archived), WANTED)
    assert set(after.fine_tunes) == {names.get("new") and "new", *records} - {names.get("new")}
    return names.get("new")


def record(*jobs: RecordedJob, **more: object) -> Record:
    made = Record("p", SAME, 1, 1, {}, job=jobs[0] if jobs else None, history=jobs[1:])
    return replace(made, **more)  # type: ignore[arg-type]  # fields of a test


RUNS, MADE = job("j1", of=SAME), job("j2", status=JobStatus.SUCCEEDED, of=SAME)


def test_of_several_removed_names_the_one_that_made_the_model_is_taken_and_then_by_name() -> None:
    assert taken(b=record(RUNS), a=record(RUNS)) == "a"
    assert taken(a=record(RUNS), b=record(MADE)) == "b"
    assert taken(a=record(replace(RUNS, status=JobStatus.FAILED)), b=record(RUNS)) == "b"


@pytest.mark.parametrize(
    "removed",
    [
        record(replace(RUNS, status=JobStatus.FAILED)),
        record(RUNS, fingerprint="f1:other"),
        record(),
        record(intent=replace(intent(1, SAME), lapsed=True)),
        record(intent=intent(1, "f1:other")),
    ],
)
def test_what_is_not_the_same_or_would_not_be_paid_again_is_not_taken(removed: Record) -> None:
    assert taken(old=removed) is None


def test_a_create_in_doubt_and_what_a_person_cancelled_are_taken() -> None:
    assert taken(old=record(intent=intent(1, SAME), fingerprint="f1:before")) == "old"
    assert taken(old=record(replace(RUNS, status=JobStatus.CANCELLED), cancelled_by_hand=(SAME,))) == "old"


def inherited(
    *, new: Record | None = None, own: ArchivedRecord | None = None, **old: ArchivedRecord
) -> State:
    """Take over of names that are forgotten, and check that it is told under which name each was."""
    archive = {**old, "new": own} if own else dict(old)
    before = State("sim", "l", fine_tunes={"new": new} if new else {}, archive=archive)
    after, names = take_over_removed(before, WANTED)
    assert names == ({} if after == before else {"new": "old"})
    return after


def test_what_a_forgotten_name_has_trained_goes_to_the_name_that_trains_the_same() -> None:
    left = ArchivedRecord(3, (replace(MADE, generation=3), job("j9")), ("n1",), (ASKED,), ("f1:9",))
    after = inherited(old=left)
    assert after.fine_tunes == {}
    assert after.archive == {"new": left, "old": ArchivedRecord(3, cancelled_by_hand=("f1:9",))}


def test_what_is_inherited_counts_on_from_what_the_name_has_been() -> None:
    new = record(replace(RUNS, fingerprint="f1:2"), fingerprint="f1:2", generation=4)
    own = ArchivedRecord(2, (job("j7", 2),), ("n7",))
    after = inherited(new=new, own=own, old=ArchivedRecord(3, (replace(MADE, generation=3),), ("n1",)))
    assert after.fine_tunes == {"new": new}
    kept = after.archive["new"]
    assert (kept.generation, kept.spent_nonces) == (7, ("n7", "n1"))
    assert [(one.id, one.generation) for one in kept.jobs] == [("j7", 2), ("j2", 7)]


@pytest.mark.parametrize(
    "new",
    [
        record(RUNS),
        record(intent=intent(1)),
        record(replace(RUNS, fingerprint="f1:2"), fingerprint="f1:2", intent=intent(2, "f1:2")),
        record(history=(MADE,)),
    ],
)
def test_a_name_that_has_its_own_inherits_nothing(new: Record) -> None:
    inherited(new=new, old=ArchivedRecord(1, (MADE,)))


@pytest.mark.parametrize(
    "left",
    [
        ArchivedRecord(1, (replace(MADE, fingerprint="f1:2"),)),
        ArchivedRecord(1, (replace(MADE, status=JobStatus.FAILED),)),
        ArchivedRecord(1),
    ],
)
def test_a_forgotten_name_that_trained_nothing_of_use_leaves_nothing(left: ArchivedRecord) -> None:
    assert inherited(old=left).archive == {"old": left}


def test_what_one_forgotten_name_has_trained_goes_to_one_name_only() -> None:
    wanted = desired(fine_tune("one", data="new"), fine_tune("two", data="new"))
    kept = ArchivedRecord(1, (MADE,))
    after, names = take_over_removed(State("sim", "l", archive={"old": kept}), wanted)
    assert names == {"one": "old"}
    assert after.archive == {"one": kept, "old": ArchivedRecord(1)}


def test_a_record_of_a_removed_name_goes_before_what_is_forgotten() -> None:
    before = State("sim", "l", fine_tunes={"b": record(RUNS)}, archive={"a": ArchivedRecord(1, (MADE,))})
    after, names = take_over_removed(before, WANTED)
    assert names == {"new": "b"}
    assert after.archive["a"] == ArchivedRecord(1, (MADE,))


OTHER = replace(RUNS, fingerprint="f1:2")


def test_a_name_with_another_job_finds_what_a_removed_one_has_made() -> None:
    new = record(OTHER, fingerprint="f1:2")
    before = State("sim", "l", fine_tunes={"new": new, "old": record(MADE, RUNS, spent_nonces=("n1",))})
    assert take_over_removed(before, WANTED) == (before, {})
    before = State("sim", "l", fine_tunes={"new": new, "old": record(MADE, spent_nonces=("n1",))})
    after, names = take_over_removed(before, WANTED)
    assert (after.fine_tunes, names) == ({"new": new}, {"new": "old"})
    kept = after.archive["new"]
    assert (kept.generation, [(one.id, one.generation) for one in kept.jobs]) == (2, [("j2", 2)])
    assert (kept.spent_nonces, after.archive["old"]) == (("n1",), ArchivedRecord(1))


def test_what_was_cancelled_by_hand_stays_so_under_the_name_that_was_removed() -> None:
    by_hand = ("f1:8",)
    new, old = record(OTHER, fingerprint="f1:2"), record(MADE, cancelled_by_hand=by_hand)
    before = State("sim", "l", fine_tunes={"new": new, "old": old})
    after, names = take_over_removed(before, WANTED)
    assert names == {"new": "old"}
    assert [after.cancelled_by_hand(name) for name in ("new", "old")] == [{"f1:8"}, {"f1:8"}]


@pytest.mark.parametrize(
    "removed",
    [
        record(RUNS),
        record(MADE, intent=intent(2, "f1:9")),
        record(replace(MADE, fingerprint="f1:9"), fingerprint="f1:9"),
    ],
)
def test_a_name_with_another_job_takes_nothing_that_may_run(removed: Record) -> None:
    before = State("sim", "l", fine_tunes={"new": record(OTHER, fingerprint="f1:2"), "old": removed})
    assert take_over_removed(before, WANTED) == (before, {})


def test_a_name_that_has_its_own_takes_nothing() -> None:
    assert taken(new=record(RUNS), old=record(RUNS)) is None
    assert taken(new=record(intent=intent(1)), old=record(RUNS)) is None
    assert taken(new=record(history=(MADE,)), old=record(RUNS)) is None
    assert taken(archive=ArchivedRecord(1, (MADE,)), old=record(RUNS)) is None
    assert taken(archive=ArchivedRecord(1, (replace(MADE, fingerprint="f1:2"),)), old=record(RUNS)) == "old"
    assert taken(new=record(), old=record(RUNS)) == "old"
