"""`ftops providers`, as it is typed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from ftops.api.catalog import provider_rows
from ftops.providers.registry import OURS
from ftops.report.providers import render_providers
from ftops.report.words import display_width
from tests.conftest import ProjectDirectory


def test_the_matrix_has_every_dialect_and_what_the_project_uses(project: ProjectDirectory) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write(
        "ftops.yaml",
        f"{text}    oa: {{dialect: openai, api_key: {{env: NOT_SET}}}}\n"
        "    here: {dialect: openai, base_url: 'emulator:.ftops/e.db'}\n",
    )
    assert project.ftops("providers") == 0
    titles, *rows, last = project.out.splitlines()
    assert titles.split()[0] == "DIALECT"
    assert sorted(row.split()[0] for row in rows) == sorted(OURS)
    (openai,) = (row for row in rows if row.startswith("openai "))
    assert "local (another server), oa, here (emulator)" in openai
    assert ", 1 used here." in last


def test_it_is_data_too_and_needs_no_project(project: ProjectDirectory) -> None:
    (project.root / "ftops.yaml").unlink()
    assert project.ftops("providers", "--format", "json") == 0
    document = json.loads(project.out)
    found = {row["dialect"]: row for row in document["providers"]}
    assert found.keys() == OURS.keys()
    openai, legacy = found["openai"], found["openai_legacy"]
    assert (openai["creates_end"], openai["mark"], openai["used_by"]) == ("2027-01-06", "metadata", [])
    assert (legacy["creates"], legacy["creates_end"], legacy["mark"]) == (None, None, "none")


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 1, 1), ["yes", "until 2027-01-06"]),
        (date(2026, 11, 28), ["some accounts", "until 2027-01-06"]),
        (date(2027, 1, 6), ["no", "closed 2027-01-06"]),
    ],
)
def test_what_stands_open_depends_on_the_day(tmp_path: Path, day: date, words: list[str]) -> None:
    (row,) = (row for row in provider_rows(tmp_path, day) if row.dialect == "openai")
    line = render_providers([row], day).splitlines()[1]
    assert [part.strip() for part in line.split("  ") if part.strip()][3:5] == words


@pytest.mark.parametrize("width", [80, 100, 132, 200])
def test_it_is_a_table_on_a_usual_terminal(project: ProjectDirectory, width: int) -> None:
    rows = provider_rows(project.root, date(2026, 11, 28))
    lines = render_providers(rows, date(2026, 11, 28), width=width).splitlines()
    assert len(lines) == len(rows) + 2
    assert max(map(display_width, lines)) <= width
    assert [line.split()[0] for line in lines[1:-1]] == [row.dialect for row in rows]
    for title in ("DIALECT", "USED BY", "NEW JOBS", "METHODS"):
        assert title in lines[0]
