"""Manifests that ftops writes are those it reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.errors import FtopsError
from ftops.manifests.dialect_checks import DialectChecks
from ftops.manifests.job_manifest import manifest_for
from ftops.manifests.loader import parse_yaml
from ftops.manifests.schema import SCHEMA_KINDS, document_rules, schema_url
from ftops.manifests.writing import OWN_SCHEMAS, manifest_text, schema_address
from ftops.model.job import Job, JobFile, JobStatus
from ftops.model.json_value import JSON
from ftops.model.observation import ProviderFacts
from ftops.model.value import replace
from ftops.providers.registry import dialects

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=15) | st.sampled_from(
    ["no", "1e5", "0777", "<<"]
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
FILES = st.sampled_from(["file-abc123"]) | st.fixed_dictionaries({"path": WORDS})
SPECS = st.fixed_dictionaries(
    {"model": WORDS | st.fixed_dictionaries({"from": NAMES}), "training_file": FILES},
    optional={
        "suffix": WORDS,
        "validation_file": FILES,
        "seed": st.integers(0, 2147483647),
        "hyperparameters": st.dictionaries(WORDS, NUMBERS | WORDS, max_size=3),
        "lifecycle": st.fixed_dictionaries({}, optional={"rerun": WORDS, "priority": st.integers(-9, 9)}),
        "provider_options": st.dictionaries(WORDS, st.lists(WORDS | st.booleans() | st.none()), max_size=2),
    },
)


def document(spec: dict[str, Any], name: str = "a", labels: dict[str, str] | None = None) -> dict[str, Any]:
    metadata = {"labels": labels or {}, "name": name}
    return {"spec": spec, "metadata": metadata, "kind": "FineTune", "apiVersion": "ftops/v1"}


@given(SPECS, NAMES, st.dictionaries(WORDS, WORDS, max_size=3))
@settings(max_examples=200)
def test_what_is_written_reads_back_the_same(spec: dict[str, Any], name: str, labels: dict[str, str]) -> None:
    written = document(spec, name, labels)
    assert document_rules("finetune").valid(written)
    text = manifest_text(written)
    (read,) = parse_yaml(text.encode(), "f").documents
    assert read.problems == ()
    assert read.value == written
    assert manifest_text(read.value) == text


def test_fields_stand_in_the_order_of_the_schema_and_open_maps_by_name() -> None:
    spec = {"hyperparameters": {"z": 1, "a": "auto"}, "training_file": {"path": "x.jsonl"}, "model": "m"}
    assert manifest_text(document(spec), "finetune.v1.json") == (
        "# yaml-language-server: $schema=finetune.v1.json\n"
        "apiVersion: ftops/v1\n"
        "kind: FineTune\n"
        "metadata:\n  name: a\n  labels: {}\n"
        "spec:\n  model: m\n  training_file:\n    path: x.jsonl\n  hyperparameters:\n    a: auto\n    z: 1\n"
    )


@pytest.mark.parametrize(
    ("folder", "up"),
    [("", "./"), (".", "./"), ("jobs", "../"), ("jobs/", "../"), ("teams/a/jobs", "../../../")],
)
def test_an_editor_is_sent_to_the_projects_own_copy_first(tmp_path: Path, folder: str, up: str) -> None:
    assert schema_address("finetune", tmp_path, folder) == schema_url("finetune")
    copy = tmp_path / OWN_SCHEMAS / SCHEMA_KINDS["finetune"]
    copy.parent.mkdir()
    copy.write_text("{}")
    address = schema_address("finetune", tmp_path, folder)
    assert address == f"{up}{OWN_SCHEMAS}/{SCHEMA_KINDS['finetune']}"
    assert Path(os.path.normpath(tmp_path / folder / address)) == copy
    assert schema_address("project", tmp_path, folder) == schema_url("project")


def test_the_manifest_of_a_job_is_right() -> None:
    job = Job(
        id="ftjob-1",
        provider="oa",
        status=JobStatus.RUNNING,
        raw_status="running",
        model="gpt-4o-mini",
        training_files=(JobFile("file-a"),),
        settings={"method": "supervised", "hyperparameters.n_epochs": 3, "seed": 7},
    )
    facts = ProviderFacts("oa", "openai", dialects()["openai"].capabilities)
    (read,) = parse_yaml(manifest_for("a", job, facts).text.encode(), "f").documents
    assert list(document_rules("finetune").findings(read.value)) == []
    assert read.value["spec"] == {
        "provider": "oa",
        "model": "gpt-4o-mini",
        "training_file": "file-a",
        "hyperparameters": {"n_epochs": 3},
        "seed": 7,
    }


def test_a_job_that_hides_what_it_trains_cannot_be_written() -> None:
    job = Job(id="ftjob-1", provider="oa", status=JobStatus.RUNNING, raw_status="running")
    with pytest.raises(FtopsError, match="does not show its model"):
        manifest_for("a", job, ProviderFacts("oa", "openai", dialects()["openai"].capabilities))


@pytest.mark.parametrize(
    ("settings", "suffix", "left_out"),
    [
        ({"hyperparameters.batch_size": 512, "hyperparameters.n_epochs": 3}, None, "batch_size 512"),
        ({"hyperparameters.n_epochs": 0}, None, "n_epochs 0"),
        ({"seed": 2**32 + 5}, None, "seed 4294967301"),
        ({}, "x" * 65, "suffix xxx"),
    ],
)
def test_what_no_manifest_may_ask_for_is_left_out_and_named(
    settings: dict[str, JSON], suffix: str | None, left_out: str
) -> None:
    job = Job(
        "j", "oa", JobStatus.SUCCEEDED, model="m", training_files=(JobFile("file-a"),), settings=settings
    )
    facts = ProviderFacts("oa", "openai", dialects()["openai"].capabilities)
    written = manifest_for("a", replace(job, suffix=suffix), facts)
    (told,) = written.left_out
    assert left_out in told
    (read,) = parse_yaml(written.text.encode(), "f").documents
    assert list(document_rules("finetune").findings(read.value)) == []
    assert list(DialectChecks(facts).findings(read.value["spec"])) == []


def test_a_job_of_an_unknown_method_cannot_be_written() -> None:
    job = Job(
        "j", "oa", JobStatus.RUNNING, model="m", training_files=(JobFile("f"),), settings={"method": "?"}
    )
    with pytest.raises(FtopsError, match="does not support"):
        manifest_for("a", job, ProviderFacts("oa", "openai", dialects()["openai"].capabilities))
