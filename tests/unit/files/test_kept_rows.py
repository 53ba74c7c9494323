"""The digests of rows that are kept: a few files, the last ones, and whole or not at all."""

from __future__ import annotations

import os
from array import array
from pathlib import Path

import pytest

from ftops.files import kept_rows
from ftops.files.kept_rows import FOLDER, is_kept, keep_rows

DIGESTS = array("Q", [1, 2, 2**64 - 1])


@pytest.fixture(autouse=True)
def not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def keep(root: Path, *names: str) -> list[str]:
    """Keep digests under each name, one after the other; return the names that are left."""
    for age, name in enumerate(names):
        keep_rows(root, name, DIGESTS)
        if is_kept(root, name):
            os.utime(root / FOLDER / name, (age, age))
    return sorted(one.name for one in (root / FOLDER).iterdir())


def test_what_is_kept_is_known_to_the_next_run_and_git_does_not_see_it(tmp_path: Path) -> None:
    assert keep(tmp_path, "a") == ["a"]
    assert kept_rows.kept_rows(tmp_path, "a") == DIGESTS
    assert kept_rows.kept_rows(tmp_path, "b") is None
    assert (tmp_path / ".ftops/cache/.gitignore").read_text() == "*\n"


def test_every_byte_that_is_turned_is_noticed(tmp_path: Path) -> None:
    keep(tmp_path, "a")
    path = tmp_path / FOLDER / "a"
    whole = path.read_bytes()
    for index in range(len(whole)):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
        assert kept_rows.kept_rows(tmp_path, "a") is None


def test_the_oldest_go_where_they_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "MOST_FILES", 2)
    assert keep(tmp_path, "a", "c", "b") == ["b", "c"]


def test_the_oldest_go_where_they_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, "a")
    monkeypatch.setattr(kept_rows, "MOST_BYTES", 2 * (tmp_path / FOLDER / "a").stat().st_size)
    assert keep(tmp_path, "a", "c", "b") == ["b", "c"]


def test_of_a_file_of_too_many_rows_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_rows, "MOST_ROWS", len(DIGESTS) - 1)
    keep_rows(tmp_path, "a", DIGESTS)
    assert not is_kept(tmp_path, "a")


@pytest.mark.parametrize("link", [".ftops", ".ftops/cache", FOLDER])
def test_nothing_is_written_behind_a_link(tmp_path: Path, link: str) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    (root / link).parent.mkdir(parents=True)
    outside.mkdir()
    (root / link).symlink_to(outside)
    keep_rows(root, "a", DIGESTS)
    assert list(outside.iterdir()) == []
