"""Which job could be which request: the number of files, the order of jobs, and how many are looked at."""

from __future__ import annotations

import pytest

from ftops.model.job import Job, JobFile, JobStatus, Stamp
from ftops.model.json_value import JSON
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.state import State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.records.likeness import appearance, likeness, look_alike
from ftops.records.matching import MOST_LOOKS, LiveJobs, fitting

FACTS = ProviderFacts("p", "openai_legacy", dialects()["openai_legacy"].capabilities)


def nobodys(file: JobFile, sha256: str) -> bool:
    return False


def asked(*file_ids: str) -> dict[str, JSON]:
    return {"training_file": [{"id": file_id, "sha256": None} for file_id in file_ids]}


def job(job_id: str, *file_ids: str, at: float | None = 1.0, stamp: Stamp | None = None) -> Job:
    files = tuple(JobFile(file_id) for file_id in file_ids)
    return Job(job_id, "p", JobStatus.RUNNING, created_at=at, training_files=files, stamp=stamp)


def live(*jobs: Job, retrieved: frozenset[str] = frozenset()) -> LiveJobs:
    return LiveJobs({"p": Observation(FACTS, jobs, retrieved=retrieved)}, State("sim", "l"))


@pytest.mark.parametrize(
    ("sent", "shown", "same"),
    [
        (("f1",), ("f1",), True),
        (("f1", "f2"), ("f1", "f2"), True),
        (("f1", "f2"), ("f1",), False),
        (("f1",), ("f1", "f2"), False),
        (("f1", "f2"), ("f1", "f3"), False),
        (("f1", "f2"), ("f2", "f1"), False),
    ],
)
def test_a_job_trains_on_all_the_files_of_its_request_and_no_other(
    sent: tuple[str, ...], shown: tuple[str, ...], *, same: bool
) -> None:
    found = likeness(asked(*sent), job("j", *shown), nobodys)
    assert (found is not None and found.on_file) is same
    assert bool(live(job("j", *shown)).plausible("p", asked(*sent))) is same


def test_a_job_that_shows_no_file_could_be_any() -> None:
    found = likeness(asked("f1"), job("j"), nobodys)
    assert found is not None
    assert (found.on_file, found.plausible) == (False, True)


def test_what_one_request_does_not_say_tells_it_from_none() -> None:
    assert look_alike({"model": "m", "seed": 1}, {"model": "m", "suffix": "s"})
    assert not look_alike({"model": "m", "seed": 1}, {"model": "m", "seed": 2})
    assert look_alike({"model": "m", "seed": None}, {"model": "m", "seed": 2})


def test_jobs_are_told_oldest_first_and_then_by_id() -> None:
    stamp = Stamp("sim", "l", "a", "f1:1", 1, 1, "n1")
    jobs = [job("j3", at=5.0, stamp=stamp), job("j1", at=5.0, stamp=stamp), job("j2", at=0.5, stamp=stamp)]
    jobs.append(job("j9", at=None, stamp=stamp))
    for seen in (live(*jobs), live(*reversed(jobs))):
        assert [one.id for one in seen.with_nonce("p", "n1")] == ["j9", "j2", "j1", "j3"]
        assert [one.id for one in seen.stamped("p", "a")] == ["j9", "j2", "j1", "j3"]
    bare = [job("j3", "f1", at=5.0), job("j1", "f1", at=5.0), job("j2", "f1", at=0.5)]
    assert [one.id for one, _ in live(*bare).plausible("p", asked("f1"))] == ["j2", "j1", "j3"]


def test_a_run_looks_at_no_more_jobs_than_it_may_and_at_none_twice() -> None:
    jobs = [job(f"j{number:03}", "f1") for number in range(MOST_LOOKS + 2)]
    seen = live(*jobs, retrieved=frozenset({"j000"}))
    seen.plausible("p", asked("f1"))
    assert sorted(seen.thin()) == [("p", f"j{number:03}") for number in range(1, MOST_LOOKS + 1)]


def test_only_a_job_of_this_lineage_that_trains_the_same_and_is_of_use_fits() -> None:
    def stamped(job_id: str, lineage: str, fingerprint: str, status: JobStatus) -> Job:
        return Job(job_id, "p", status, stamp=Stamp("sim", lineage, "a", fingerprint, 1, 1, "n"))

    others = [
        stamped("j1", "other", "f1:1", JobStatus.RUNNING),
        stamped("j2", "l", "f1:2", JobStatus.RUNNING),
        stamped("j3", "l", "f1:1", JobStatus.FAILED),
        Job("j4", "p", JobStatus.RUNNING),
    ]
    assert fitting(others, "l", "f1:1") is None
    for status in (JobStatus.RUNNING, JobStatus.SUCCEEDED):
        found = fitting([*others, stamped("j5", "l", "f1:1", status)], "l", "f1:1")
        assert found is not None
        assert found.id == "j5"


def test_a_job_that_is_nobodys_of_ours_is_so_for_every_row_of_its_account() -> None:
    rows = {
        "p": Observation(FACTS, (job("j1"),)),
        "q": Observation(replace(FACTS, name="q"), (replace(job("j2"), provider="q"),)),
    }
    disowned = State("sim", "l", not_mine={"q": ("j1",)})
    assert [one.id for one in LiveJobs(rows, disowned).unrecorded] == ["j2"]


def test_a_request_shows_what_its_dialect_gives_back_and_nothing_else() -> None:
    spec: dict[str, JSON] = {
        "training_file": {"sha256": "ab"},
        "validation_file": {"file_id": "file-own"},
        "hyperparameters": {"n_epochs": 3},
        "suffix": "s",
        "seed": 7,
        "method": "dpo",
        "labels": {"team": "x"},
    }
    paths = (
        "model",
        "training_file",
        "validation_file",
        "hyperparameters.n_epochs",
        "suffix",
        "seed",
        "method",
    )
    everything = replace(FACTS.capabilities, echoes=frozenset({*paths, "labels"}))
    shown = appearance(spec, "m", {"ab": "file-1"}, everything)
    assert shown == {
        "model": "m",
        "training_file": [{"id": "file-1", "sha256": "ab"}],
        "validation_file": [{"id": "file-own", "sha256": None}],
        "hyperparameters.n_epochs": 3,
        "suffix": "s",
        "seed": 7,
        "method": "dpo",
    }
    assert appearance(spec, "m", {}, replace(everything, echoes=frozenset({"seed"}))) == {"seed": 7}
