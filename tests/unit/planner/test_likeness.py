"""A job is compared with a request by what its fields mean."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.dataset import Dataset, uploaded_digest
from ftops.model.job import Job, JobFile, JobStatus, UploadedFile
from ftops.model.json_value import JSON
from ftops.model.observation import Observation, ProviderFacts
from ftops.model.state import Record, RecordedJob, State
from ftops.model.value import replace
from ftops.providers.registry import dialects
from ftops.records.likeness import alterations, likeness, look_alike, same_model, same_value
from ftops.records.matching import LiveJobs

SHA = "ab" * 32
KNOWN: dict[str, JSON] = {
    "model": "babbage",
    "training_file": [{"id": "file-1", "sha256": SHA}],
    "hyperparameters.n_epochs": 3,
    "hyperparameters.learning_rate_multiplier": 0.1,
}
JOB = Job(
    "ft-1",
    "p",
    JobStatus.RUNNING,
    model="babbage",
    training_files=(JobFile("file-1"),),
    settings={"hyperparameters.n_epochs": 3, "hyperparameters.learning_rate_multiplier": 0.1},
)
FACTS = ProviderFacts("p", "openai_legacy", dialects()["openai_legacy"].capabilities)


def nobodys(file: JobFile, sha256: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (3, "3"),
        (3, 3.0),
        ("3", 3),
        (0.1, struct.unpack("f", struct.pack("f", 0.1))[0]),
        ({"a": 1}, {"a": 1.0}),
    ],
)
def test_equal_values_may_be_written_in_other_words(sent: JSON, shown: JSON) -> None:
    assert same_value(sent, shown)


@pytest.mark.parametrize(("sent", "shown"), [(3, "auto"), (3, 4), (True, 1), ("a", "b"), (0.1, 0.1001)])
def test_other_values_differ(sent: JSON, shown: JSON) -> None:
    assert not same_value(sent, shown)


@given(st.floats(min_value=1e-6, max_value=1e6))
def test_a_number_is_its_echo_from_32_bits(number: float) -> None:
    assert same_value(number, float(struct.unpack("f", struct.pack("f", number))[0]))


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("curie", "curie:2020-05-03"),
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0613"),
        ("gpt-4o-mini", "openai/gpt-4o-mini-2024-07-18"),
        ("meta-llama/Llama-3-8B", "Llama-3-8B"),
    ],
)
def test_an_alias_is_its_snapshot_and_a_vendor_may_stand_before_it(asked: str, shown: str) -> None:
    assert same_model(asked, shown)


@pytest.mark.parametrize(
    ("asked", "shown"), [("gpt-4o", "gpt-4o-mini"), ("babbage", "babbage-002"), ("a/m", "b/m")]
)
def test_another_model_is_none(asked: str, shown: str) -> None:
    assert not same_model(asked, shown)


def test_our_uploaded_file_outranks_every_other_field() -> None:
    other = replace(JOB, model="curie", settings={"hyperparameters.n_epochs": "auto"})
    found = likeness(KNOWN, other, nobodys)
    assert found is not None
    assert found.plausible
    assert [one.path for one in found.differing] == ["hyperparameters.n_epochs", "model"]


def test_a_job_on_another_file_is_not_plausible_whatever_it_is_called() -> None:
    other = replace(JOB, training_files=(JobFile("file-2", "triage.demo-abababababababab.jsonl"),))
    assert likeness(KNOWN, other, nobodys) is None


def test_a_file_that_a_manifest_names_decides_nothing_alone() -> None:
    known = {**KNOWN, "training_file": [{"id": "file-1", "sha256": None}]}
    assert likeness(known, JOB, nobodys) is not None
    other = likeness(known, replace(JOB, settings={"hyperparameters.n_epochs": 9}), nobodys)
    assert other is not None
    assert not other.plausible


def test_auto_for_a_sent_value_is_an_alteration_and_a_value_for_auto_is_none() -> None:
    shown: dict[str, JSON] = {"hyperparameters.n_epochs": "auto", "hyperparameters.batch_size": 8}
    (found,) = alterations(KNOWN, replace(JOB, settings=shown))
    assert (found.path, found.before, found.after) == ("hyperparameters.n_epochs", 3, "auto")


def test_what_is_not_shown_contradicts_nothing() -> None:
    assert alterations(KNOWN, replace(JOB, model=None, settings={}, training_files=())) == ()


def test_two_requests_on_one_upload_look_alike() -> None:
    assert look_alike(KNOWN, {**KNOWN, "model": "curie"})
    assert not look_alike(KNOWN, {**KNOWN, "training_file": [{"id": "file-2", "sha256": "cd" * 32}]})


def test_an_upload_is_known_by_project_and_digest_in_its_name() -> None:
    name = Dataset("data/a.b.jsonl", SHA, 1, 1, SHA).upload_name("demo-x7")
    assert uploaded_digest(name, "demo-x7") == SHA[:16]
    assert uploaded_digest(name, "x7") is None
    assert uploaded_digest("upload-1.jsonl", "demo-x7") is None


def test_a_file_under_a_name_of_the_servers_own_is_found_in_its_list_of_files() -> None:
    job = replace(JOB, training_files=(JobFile("file-9", "upload-1.jsonl"),))
    known = {**KNOWN, "training_file": [{"id": None, "sha256": SHA}]}
    unasked = LiveJobs({"p": Observation(FACTS, (job,))}, State("demo", "l"))
    assert unasked.plausible("p", known) == []
    assert unasked.wants_files() == {"p"}
    uploaded = UploadedFile("file-9", Dataset("t.jsonl", SHA, 1, 1, SHA).upload_name("demo"))
    asked = LiveJobs({"p": Observation(FACTS, (job,), files=(uploaded,))}, State("demo", "l"))
    assert [one.id for one, _ in asked.plausible("p", known)] == ["ft-1"]
    assert asked.wants_files() == frozenset()


def test_a_job_that_two_rows_list_is_recorded_under_both() -> None:
    recorded = RecordedJob("ft-1", "p", "f", 1, 1, None, JobStatus.RUNNING, created_at=1.0)
    state = State("demo", "l", fine_tunes={"a": Record("p", "f", 1, 1, {}, job=recorded)})
    job = replace(JOB, created_at=1.0)
    rows = {
        "p": Observation(FACTS, (job,)),
        "q": Observation(replace(FACTS, name="q"), (replace(job, provider="q"),)),
    }
    assert LiveJobs(rows, state).unrecorded == []
    another = replace(job, provider="q", created_at=2.0)
    rows["q"] = Observation(replace(FACTS, name="q"), (another,))
    assert LiveJobs(rows, state).unrecorded == [another]
