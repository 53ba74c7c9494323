"""A generated world is what a real apply leaves behind; else its figures would be of something else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.worlds import shape
from benchmarks.worlds.chats import ROW_BYTES, write_chats
from benchmarks.worlds.history import STATE
from benchmarks.worlds.shape import Layout, Shape
from benchmarks.worlds.world import World, make_world
from benchmarks.worlds.writing import USUAL_EPOCHS, write_project
from ftops.datasets.inspection import inspect_datasets
from ftops.model.finetune import DataFile, FineTune
from ftops.model.observation import ProviderFacts
from ftops.providers.registry import dialects
from tests.benchmarks.conftest import FINE_TUNES, run_in

CHANGES = 2


def test_a_plan_of_an_applied_world_finds_nothing_to_do(applied: World) -> None:
    with applied.served() as provider:
        done = run_in(applied, "plan", "--detailed-exitcode")
        figures = provider.figures()
    assert done.returncode == 0, done.stderr
    assert f"0 held, {FINE_TUNES} unchanged" in done.stdout
    assert figures["requests"] == {"list": 1}, "no job is looked for that the list should have shown"


def test_a_plan_writes_nothing_that_changes_the_next_one(applied: World) -> None:
    with applied.served():
        first, second = (run_in(applied, "plan", "--format", "json").stdout for _ in range(2))
    assert first == second


def test_an_edited_world_has_something_to_create_until_it_is_put_back(applied: World) -> None:
    with applied.served():
        edited = applied.edit(USUAL_EPOCHS + 1)
        changed = run_in(applied, "plan", "--detailed-exitcode")
        applied.edit(USUAL_EPOCHS)
        same = run_in(applied, "plan", "--detailed-exitcode")
    assert edited == 1
    assert changed.returncode == CHANGES
    assert (
        f"Plan: 1 to create, 0 to replace, 0 to cancel; 0 waiting, 0 held, {FINE_TUNES - 1} unchanged"
        in changed.stdout
    )
    assert same.returncode == 0


def test_the_generated_state_is_the_one_that_a_real_apply_writes(tmp_path: Path, fresh: World) -> None:
    generated = make_world(tmp_path / "generated", Shape(FINE_TUNES))
    with fresh.served():
        # The second one sees that all jobs have succeeded.
        for _ in range(2):
            done = run_in(fresh, "apply", "--yes")
            assert done.returncode == 0, done.stderr
    assert _comparable(fresh) == _comparable(generated)


def _comparable(world: World) -> Any:
    """Read a state without what each draws or counts for itself: lineage, serial, nonces, who was first."""
    text = (world.root / STATE).read_text()
    text = re.sub(r'"(nonce|lineage|by)": "[^"]*"', r'"\1": "*"', text)
    text = re.sub(r'"(created_at|finished_at|serial|at)": [0-9.]+', r'"\1": 0', text)
    text = re.sub(r"(ftjob-|file-)\d{24}", r"\1*", text)
    return json.loads(re.sub(r'(ft:[^"]*):\d{8}"', r'\1:*"', text))


def test_a_fresh_world_has_everything_to_create(fresh: World) -> None:
    with fresh.served():
        done = run_in(fresh, "plan", "--detailed-exitcode")
    assert done.returncode == CHANGES, done.stderr
    assert f"Plan: {FINE_TUNES} to create" in done.stdout


@pytest.mark.parametrize("layout", Layout)
def test_large_projects_are_spread_over_folders_and_files(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.worlds.writing.MANY", 4)
    monkeypatch.setattr("benchmarks.worlds.writing.FOLDER", 5)
    assert shape.MANY * 400 < 1024 * 1024, "a file of many stays below what ftops reads"
    write_project(tmp_path / "project", Shape(10, layout, data_files=3))
    documents = [path.read_text() for path in sorted((tmp_path / "project/jobs").rglob("*.yaml"))]
    names = re.findall(r"name: (tune-\d+)", "".join(documents))
    assert names == [f"tune-{number:06}" for number in range(10)]
    assert [text.count("kind: FineTune") for text in documents] == (
        [1] * 10 if layout is Layout.EACH else [4, 4, 2]
    )
    assert len(list((tmp_path / "project/data").rglob("*.jsonl"))) == 3


def test_data_is_as_large_as_it_was_asked_for(tmp_path: Path) -> None:
    write_project(tmp_path / "project", Shape(1, data_files=1, rows=1_000, row_bytes=1_000))
    (data,) = (tmp_path / "project/data").rglob("*.jsonl")
    assert abs(data.stat().st_size - 1_000_000) < 50_000
    assert len(set(data.read_text().splitlines())) == 1_000


def test_chats_are_the_same_each_time_and_right(tmp_path: Path) -> None:
    write_chats(tmp_path / "a.jsonl", 300)
    write_chats(tmp_path / "b.jsonl", 300)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    size = (tmp_path / "a.jsonl").stat().st_size
    assert 0.9 < size / (300 * ROW_BYTES) < 1.1
    facts = ProviderFacts("p", "openai", dialects()["openai"].capabilities)
    fine_tune = FineTune("a", "p", "gpt-4o-mini", (DataFile("a.jsonl"),))
    (check,) = inspect_datasets(tmp_path, [fine_tune], {"p": facts}).files
    assert check.findings == ()
    assert check.statistics.rows_with_tools == 15
