"""`ftops init` in a directory that somebody has begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.cli.main import run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b".ftops/\n"),
        (b"", b".ftops/\n"),
        (b"*.pyc\n", b"*.pyc\n.ftops/\n"),
        (b"*.pyc", b"*.pyc\n.ftops/\n"),
        (b"*.pyc\r\n", b"*.pyc\r\n.ftops/\r\n"),
        (b"  .ftops/  \n*.pyc\n", b"  .ftops/  \n*.pyc\n"),
        (b"# \xe9\n", b"# \xe9\n.ftops/\n"),
    ],
)
def test_its_lines_are_added_once_to_files_of_git(tmp_path: Path, before: bytes | None, after: bytes) -> None:
    ignored = tmp_path / ".gitignore"
    if before is not None:
        ignored.write_bytes(before)
    assert run(["init", str(tmp_path)]) == 0
    assert ignored.read_bytes() == after
    assert (tmp_path / ".gitattributes").read_bytes() == b"*.jsonl text eol=lf\n"


def test_a_project_that_is_there_is_left_alone(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path)]) == 0
    (tmp_path / ".gitignore").write_text("mine\n")
    assert run(["init", str(tmp_path)]) == 1
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
