"""Every sample is judged as the table says, by ftops and by its emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.datasets.inspection import inspect_datasets
from ftops.emulator.world import datasets as emulated
from ftops.emulator.world.dataset_messages import BadDataset
from ftops.model.capabilities import Capabilities
from ftops.model.data_check import DataVerdict, Finding
from ftops.model.finetune import DataFile, FineTune, Method
from ftops.model.observation import ProviderFacts
from ftops.model.value import replace
from ftops.providers.registry import dialects
from tests.unit.datasets.samples import SAMPLES, Sample

EMULATED = {
    "dpo": emulated.Format.PREFERENCE,
    "reinforcement": emulated.Format.REINFORCEMENT,
}


def capabilities(dialect: str) -> Capabilities:
    return dialects().get(dialect, dialects()["openai"]).capabilities


def verdict(root: Path, sample: Sample, suffix: str = "jsonl") -> DataVerdict:
    (root / f"d.{suffix}").write_bytes(sample.data)
    facts = ProviderFacts("p", sample.dialect, capabilities(sample.dialect))
    fine_tune = FineTune("a", "p", sample.model, (DataFile(f"d.{suffix}"),), method=Method(sample.method))
    return inspect_datasets(root, [fine_tune], {"p": facts}).verdicts["a"]


def found(findings: tuple[Finding, ...]) -> dict[str, list[int]]:
    return {finding.kind: list(finding.lines) for finding in findings}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_judged_by_kind_and_line(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    judged = verdict(tmp_path, sample)
    assert (found(judged.problems), found(judged.warnings)) == (sample.errors, sample.warnings)


_OWN_FORMS = ("alibaba", "azure_openai", "fireworks", "together")


@pytest.mark.parametrize("name", [name for name, one in SAMPLES.items() if one.dialect not in _OWN_FORMS])
def test_the_emulator_refuses_what_is_an_error_and_nothing_else(tmp_path: Path, name: str) -> None:
    sample = SAMPLES[name]
    (tmp_path / "d").write_bytes(sample.data)
    legacy = sample.dialect == "openai_legacy"
    form = emulated.Format.COMPLETION if legacy or sample.model.endswith("-002") else emulated.Format.CHAT
    # The emulator has OpenAI's models alone: what is a warning for another model is an error for these.
    expected = sample.errors if sample.model != "qwen-3-8b" else sample.warnings
    said = emulator_says(tmp_path / "d", EMULATED.get(sample.method, form), 1 if legacy else 10)
    assert (said is not None) == bool(expected), said
    if lines := sorted(line for lines in expected.values() for line in lines):
        assert f"Line {lines[0]}" in str(said)


def emulator_says(path: Path, form: emulated.Format, fewest: int) -> str | None:
    try:
        emulated.inspect(path, form, fewest)
    except BadDataset as problem:
        return str(problem)
    return None


def test_every_kind_of_one_file_is_said(tmp_path: Path) -> None:
    rows = b'{"messages": [{"role": "boss", "content": "x"}]}\n' * 40 + b"{oops\n" + SAMPLES["chat"].data
    judged = verdict(tmp_path, Sample(rows))
    assert {one.kind: one.count for one in judged.problems} == {"role": 40, "not-json": 1}
    role = next(one for one in judged.problems if one.kind == "role")
    assert role.lines == tuple(range(1, 11))
    assert str(role.problem) == (
        "d.jsonl:1:24: message 1 has the role 'boss'; known are system, developer, user, assistant, tool and "
        "function, in lower case; and 39 more lines: 2, 3, 4, 5, 6, 7, 8, 9, 10, ..."
    )


def test_a_file_of_one_column_is_a_table_by_its_name(tmp_path: Path) -> None:
    judged = verdict(tmp_path, Sample(b"prompt\nWhat?\n"), "csv")
    assert found(judged.problems) == {"table": [1]}


def test_a_row_beyond_the_context_is_a_warning_for_the_models_that_cut_it(tmp_path: Path) -> None:
    long = Sample(SAMPLES["chat"].data + SAMPLES["chat"].data.replace(b"Bring", b"and more, " * 3000, 1))
    assert "over-context" not in found(verdict(tmp_path, long).warnings)
    short = replace(long, model="gpt-4-0613")
    judged = [one for one in verdict(tmp_path, short).warnings if one.kind == "over-context"]
    assert [one.lines for one in judged] == [(11,)]
    assert "gpt-4-0613 takes 8,192 of one example" in judged[0].message
