"""Whatever a server says is read or refused as Unreadable; nothing else may come out of a decoder."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.model.finetune import Method
from ftops.model.job import JobStatus, Stamp
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.dialects.openai import OpenAIDialect
from ftops.providers.dialects.openai_family import OpenAIFamily
from ftops.providers.dialects.openai_legacy import OpenAILegacyDialect
from ftops.providers.flow import Unreadable
from ftops.providers.identity import STAMP_KEYS
from ftops.providers.registry import dialects
from tests.contracts.dialects import OPENAI_FAMILY

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)
FIELDS = (
    "id",
    "status",
    "model",
    "fine_tuned_model",
    "created_at",
    "updated_at",
    "finished_at",
    "estimated_finish",
    "trained_tokens",
    "error",
    "training_file",
    "training_files",
    "validation_file",
    "validation_files",
    "result_files",
    "hyperparameters",
    "hyperparams",
    "method",
    "seed",
    "metadata",
    "user_provided_suffix",
    "organization_id",
    "events",
    "data",
    "has_more",
    "filename",
    "bytes",
    "purpose",
    "level",
    "message",
    "type",
)
BODIES = st.fixed_dictionaries(
    {"id": st.just("job-1"), "status": st.sampled_from(["running", "failed", "?"])},
    optional={name: JSON for name in FIELDS if name not in ("id", "status")},
)


@given(body=BODIES | JSON, dialect=st.sampled_from((OpenAIDialect(), OpenAILegacyDialect())))
def test_any_reply_is_read_or_unreadable(body: Any, dialect: OpenAIFamily) -> None:
    decoders = (
        lambda: dialect.decode_job(body, "p"),
        lambda: dialect.decode_page(body),
        lambda: dialect.decode_event(body),
        lambda: dialect.decode_file(body),
    )
    for decode in decoders:
        with suppress(Unreadable):
            decode()


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e999", 10**400, True, "x", [], 0])
def test_a_number_that_is_none_is_not_known(value: object) -> None:
    job = dialects()["openai"].decode_job(
        {"id": "j", "status": "running", "created_at": value, "trained_tokens": value}, "p"
    )
    assert job.created_at is None
    assert job.trained_tokens is None


@pytest.mark.parametrize("value", [5, "text", {"id": 1}, None, [1, None]])
def test_result_files_of_another_shape_are_none(value: object) -> None:
    for dialect in (dialects()[name] for name in OPENAI_FAMILY):
        body = {"id": "j", "status": "running", "result_files": value}
        assert dialect.decode_job(body, "p").result_files == ()


@pytest.mark.parametrize("numbers", ["9" * 5000 + ".1", "1." + "9" * 5000, "\u0663.1", "1", "", "1.2.3"])
def test_a_stamp_with_senseless_numbers_is_somebody_elses(numbers: str) -> None:
    metadata = {**dict.fromkeys(STAMP_KEYS, "x"), "ftops_generation": numbers}
    body = {"id": "j", "status": "running", "metadata": metadata}
    assert dialects()["openai"].decode_job(body, "p").stamp is None


@pytest.mark.parametrize("dialect", OPENAI_FAMILY)
@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("creating", JobStatus.PENDING),
        ("canceling", JobStatus.CANCELLING),
        ("cancelling", JobStatus.CANCELLING),
        (" Running", JobStatus.RUNNING),
        ("something_new", JobStatus.UNKNOWN),
        (None, JobStatus.UNKNOWN),
    ],
)
def test_a_status_is_known_or_counts_as_active(dialect: str, raw: object, status: JobStatus) -> None:
    job = dialects()[dialect].decode_job({"id": "j", "status": raw, "model": "m"}, "p")
    assert job.status is status


@pytest.mark.parametrize(
    "body", [{"id": "req-1"}, {"id": "req-1", "status": "error"}, {"id": "r", "status": 500}]
)
def test_a_reply_of_a_gateway_is_no_job(body: object) -> None:
    for dialect in (dialects()[name] for name in OPENAI_FAMILY):
        with pytest.raises(Unreadable):
            dialect.decode_job(body, "p")


@pytest.mark.parametrize("dialect", OPENAI_FAMILY)
def test_numbers_come_as_strings_and_auto_comes_as_minus_one(dialect: str) -> None:
    shown = {
        "n_epochs": "3",
        "batch_size": -1,
        "learning_rate_multiplier": "0.1",
        "prompt_loss_weight": "auto",
        "beta": None,
        "compute": "-1",
    }
    body = {"id": "j", "status": "running", "hyperparameters": shown, "hyperparams": shown}
    settings = dialects()[dialect].decode_job(body, "p").settings
    assert settings == {
        "hyperparameters.n_epochs": 3,
        "hyperparameters.batch_size": "auto",
        "hyperparameters.learning_rate_multiplier": 0.1,
        "hyperparameters.prompt_loss_weight": "auto",
        "hyperparameters.compute": "auto",
    }


def test_a_long_number_in_a_string_keeps_every_digit() -> None:
    body = {
        "id": "j",
        "status": "running",
        "seed": "9007199254740993",
        "trained_tokens": "9007199254740993",
        "created_at": "1700000000",
    }
    job = dialects()["openai"].decode_job(body, "p")
    assert job.settings == {"seed": 9007199254740993}
    assert (job.trained_tokens, job.created_at) == (9007199254740993, 1_700_000_000)


@pytest.mark.parametrize("error", ["out of memory", {"message": "out of memory"}])
def test_an_error_may_be_a_plain_string(error: object) -> None:
    for dialect in (dialects()[name] for name in OPENAI_FAMILY):
        job = dialect.decode_job({"id": "j", "status": "failed", "error": error}, "p")
        assert job.error is not None
        assert job.error.message == "out of memory"


@pytest.mark.parametrize("name", OPENAI_FAMILY)
def test_a_create_has_no_field_that_an_extra_could_be(name: str) -> None:
    dialect = dialects()[name]
    can = dialect.capabilities
    request = JobRequest(
        "m",
        (RequestFile("file-a"),),
        RequestFile("file-b"),
        hyperparameters=dict.fromkeys(can.methods[Method.SUPERVISED], 1),
        grader={"x": 1},
        suffix="s",
        seed=1,
        provider_options=dict.fromkeys(can.options, 1),
        integrations=({"type": "wandb"},),
        stamp=Stamp("p", "l", "n", "f", 1, 1, "n"),
    )
    created = next(dialect.create(request, "p"))
    assert created.body is not None
    assert created.body.keys() <= dialect.body_fields
    flows = (dialect.jobs("p"), dialect.events("j", stream=True, since=None), dialect.files())
    assert {name for flow in flows for name in next(flow).query} | {"after"} <= dialect.query_fields


AS_RECORDED = {
    "a server without hyperparameters": {
        "status": "running",
        "result_files": [],
        "validation_file": None,
        "trained_tokens": 0,
        "error": None,
    },
    "a server with fields of its own": {
        "status": "queued",
        "hyperparameters": {"n_epochs": 2, "learning_rate": 2e-05, "eval_metrics": []},
        "organization_id": "org-local",
        "metadata": {"team": "x"},
    },
    "a server of nulls": {
        "status": "pending",
        "result_files": None,
        "organization_id": None,
        "integrations": None,
        "estimated_finish": None,
        "seed": 169,
    },
}


@pytest.mark.parametrize("shown", AS_RECORDED.values(), ids=AS_RECORDED.keys())
def test_replies_of_real_servers_are_jobs(shown: dict[str, Any]) -> None:
    body = {"object": "fine_tuning.job", "id": "j", "model": "m", "training_file": "train.jsonl", **shown}
    job = dialects()["openai"].decode_job(body, "p")
    assert (job.status.active, job.model, job.error, job.stamp) == (True, "m", None, None)
    assert [file.id for file in job.training_files] == ["train.jsonl"]
