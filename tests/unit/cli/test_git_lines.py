"""A project's lines in files that Git reads: added once, at the end, and nothing else is touched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftops.cli.git_lines import GIT_LINES, GitLine, with_line
from tests.repository import Repository

IGNORE, ATTRIBUTES = GIT_LINES


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b".ftops/\n"),
        (b"*.pyc\n", b"*.pyc\n.ftops/\n"),
        (b"*.pyc", b"*.pyc\n.ftops/\n"),
        (b"*.pyc\r\n", b"*.pyc\r\n.ftops/\r\n"),
        (b"a\r\n*.pyc", b"a\r\n*.pyc\r\n.ftops/\r\n"),
        (b"\xff\xfe\n", b"\xff\xfe\n.ftops/\n"),
        (b"# .ftops/\n", b"# .ftops/\n.ftops/\n"),
        (b"  .ftops/\n", b"  .ftops/\n.ftops/\n"),
        (b".ftops-old/\n", b".ftops-old/\n.ftops/\n"),
    ],
)
def test_the_line_goes_to_the_end_with_the_files_own_line_ends(before: bytes, after: bytes) -> None:
    assert with_line(before, IGNORE) == after


@pytest.mark.parametrize(
    "line", [".ftops/", ".ftops", "/.ftops/", "**/.ftops/", ".ftops/*", "!.ftops/", ".ftops  "]
)
@pytest.mark.parametrize("frame", ["{}\n", "{}", "a\r\n{}\r\nb", "\ufeff{}\n"])
def test_what_the_owner_decided_about_the_folder_stays(line: str, frame: str) -> None:
    content = frame.format(line).encode()
    assert with_line(content, IGNORE) == content


@pytest.mark.parametrize(
    "attributes", ["text eol=lf", "-text", "binary", "filter=lfs diff=lfs merge=lfs -text", "eol=lf", "!text"]
)
def test_what_the_owner_decided_about_line_ends_stays(attributes: str) -> None:
    content = f"*.jsonl {attributes}\n".encode()
    assert with_line(content, ATTRIBUTES) == content


@pytest.mark.parametrize("line", ["* text=auto", "*.jsonl diff=json", "*.json text", "# *.jsonl text"])
def test_a_line_about_something_else_decides_nothing(line: str) -> None:
    assert with_line(f"{line}\n".encode(), ATTRIBUTES) == f"{line}\n*.jsonl text eol=lf\n".encode()


@given(st.binary(), st.sampled_from(GIT_LINES))
def test_twice_is_as_once_and_what_was_there_is_still_there(content: bytes, wanted: GitLine) -> None:
    once = with_line(content, wanted)
    assert once.startswith(content)
    assert with_line(once, wanted) == once


@pytest.mark.parametrize("before", [b"", b"*.pyc", b"*.pyc\r\n", b"* text=auto\r\n*.txt eol=crlf"])
def test_git_understands_what_is_written(tmp_path: Path, before: bytes) -> None:
    repository = Repository.init(tmp_path / "r")
    for wanted in GIT_LINES:
        (repository.root / wanted.file).write_bytes(with_line(before, wanted))
    assert repository.git("check-ignore", ".ftops/state.json") == ".ftops/state.json"
    assert repository.git("check-attr", "text", "eol", "--", "data/a.jsonl").splitlines() == [
        "data/a.jsonl: text: set",
        "data/a.jsonl: eol: lf",
    ]
    with pytest.raises(subprocess.CalledProcessError):
        repository.git("check-ignore", "jobs/a.yaml")
