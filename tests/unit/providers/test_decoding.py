"""Whatever a server says is read or refused as Unreadable; nothing else may come out of a decoder."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.providers.dialect import Unreadable
from ftops.providers.dialects.openai import STAMP_KEYS
from ftops.providers.registry import DIALECTS

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


@given(body=BODIES | JSON, name=st.sampled_from(sorted(DIALECTS)))
def test_any_reply_is_read_or_unreadable(body: Any, name: str) -> None:
    dialect = DIALECTS[name]
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
    job = DIALECTS["openai"].decode_job(
        {"id": "j", "status": "running", "created_at": value, "trained_tokens": value}, "p"
    )
    assert job.created_at is None
    assert job.trained_tokens is None


@pytest.mark.parametrize("value", [5, "text", {"id": 1}, None, [1, None]])
def test_result_files_of_another_shape_are_none(value: object) -> None:
    for dialect in DIALECTS.values():
        body = {"id": "j", "status": "running", "result_files": value}
        assert dialect.decode_job(body, "p").result_files == ()


@pytest.mark.parametrize("numbers", ["9" * 5000 + ".1", "1." + "9" * 5000, "\u0663.1", "1", "", "1.2.3"])
def test_a_stamp_with_senseless_numbers_is_somebody_elses(numbers: str) -> None:
    metadata = {**dict.fromkeys(STAMP_KEYS, "x"), "ftops_generation": numbers}
    body = {"id": "j", "status": "running", "metadata": metadata}
    assert DIALECTS["openai"].decode_job(body, "p").stamp is None
