"""The rows that were trained on are looked for in git, and not without end."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ftops.datasets.earlier import trained_rows
from ftops.datasets.row_digests import opening, read_version

VERSIONS = [f'{{"version": {number}}}\n' for number in range(4)]
SIZE = len(VERSIONS[0])


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "core.autocrlf=false")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


@pytest.mark.parametrize(("most_bytes", "found"), [(4 * SIZE, True), (3 * SIZE, False)])
def test_the_bound_is_of_all_versions_together(tmp_path: Path, most_bytes: int, found: bool) -> None:
    git(tmp_path, "init", "-q")
    for text in VERSIONS:
        (tmp_path / "rows.jsonl").write_text(text)
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", "x")
    (tmp_path / "first.jsonl").write_text(VERSIONS[0])
    first = read_version("first", opening(tmp_path / "first.jsonl"))
    version = trained_rows(tmp_path, "rows.jsonl", first.sha256, most_bytes=most_bytes)
    assert (version is not None) is found
