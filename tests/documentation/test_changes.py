"""Each file in `changes/` has a name that its tool knows, and its words come into the changelog."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

FRAGMENTS = [path for path in sorted((REPOSITORY / "changes").iterdir()) if path.name != "README.md"]


def draft(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "towncrier",
        "build",
        "--draft",
        "--version",
        "next",
        "--dir",
        str(folder),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copytree(REPOSITORY / "changes", tmp_path / "changes")
    return tmp_path


def test_what_is_there_makes_a_changelog() -> None:
    done = draft(REPOSITORY)
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    for path in FRAGMENTS:
        assert " ".join(path.read_text().split()) in shown, path.name


@pytest.mark.parametrize("kind", ["added", "changed", "fixed", "removed", "security"])
def test_a_change_of_each_type_stands_under_its_heading(copy: Path, kind: str) -> None:
    (copy / f"changes/+this.{kind}.md").write_text("Jobs are paid once.\n")
    shown = draft(copy).stdout
    assert "## next (" in shown
    assert f"### {kind.capitalize()}\n\n" in shown
    assert "- Jobs are paid once.\n" in shown


@pytest.mark.parametrize("name", ["+this.improved.md", "this.md", "notes.txt"])
def test_another_name_or_type_is_refused(copy: Path, name: str) -> None:
    (copy / "changes" / name).write_text("Jobs are paid once.\n")
    assert draft(copy).returncode != 0
