"""Counts of tokens are kept, and whatever is not sure is counted again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.files import kept_counts
from ftops.files.kept_counts import PLACE, KeptCounts
from ftops.model.dataset import TokenCount

COUNT = TokenCount(3, 5, ("estimated",))


@pytest.fixture(autouse=True)
def not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def keep(root: Path, *names: str) -> None:
    counts = KeptCounts(root)
    for name in names:
        counts.keep(name, COUNT)
    counts.save()


def test_a_count_is_known_to_the_next_run_and_git_does_not_see_it(tmp_path: Path) -> None:
    keep(tmp_path, "a")
    assert KeptCounts(tmp_path).get("a") == COUNT
    assert KeptCounts(tmp_path).get("b") is None
    assert (tmp_path / ".ftops/cache/.gitignore").read_text() == "*\n"
    assert not list((tmp_path / ".ftops/cache").glob(".tokens.*"))


def test_what_was_asked_for_last_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_counts, "MOST_COUNTS", 2)
    keep(tmp_path, "a", "b")
    counts = KeptCounts(tmp_path)
    assert counts.get("b")
    counts.keep("c", COUNT)
    counts.save()
    assert [name for name in "abc" if KeptCounts(tmp_path).get(name)] == ["b", "c"]


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    KeptCounts(tmp_path).save()
    assert not (tmp_path / ".ftops").exists()
    counts = KeptCounts(None)
    counts.keep("a", COUNT)
    counts.save()


def test_in_ci_nothing_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, "a")
    monkeypatch.setenv("CI", "true")
    assert KeptCounts(tmp_path).get("a") is None


@pytest.mark.parametrize("damage", [b"", b"\0\0\0\0", b"oops, no counts"])
def test_what_is_damaged_is_forgotten(tmp_path: Path, damage: bytes) -> None:
    keep(tmp_path, "a")
    (tmp_path / PLACE).write_bytes(damage)
    assert KeptCounts(tmp_path).get("a") is None
    keep(tmp_path, "b")
    assert KeptCounts(tmp_path).get("b") == COUNT


def test_every_byte_that_is_turned_is_noticed(tmp_path: Path) -> None:
    keep(tmp_path, "a")
    whole = (tmp_path / PLACE).read_bytes()
    for index in range(len(whole)):
        (tmp_path / PLACE).write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
        assert KeptCounts(tmp_path).get("a") is None


def test_another_version_may_count_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, "a")
    monkeypatch.setattr(kept_counts, "__version__", "99.0")
    assert KeptCounts(tmp_path).get("a") is None


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    (outside / "cache").mkdir(parents=True)
    root.mkdir()
    (root / ".ftops").symlink_to(outside)
    keep(root, "a")
    assert list((outside / "cache").iterdir()) == []
