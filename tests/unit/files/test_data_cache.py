"""The folder of copies: what a branch brings is not believed and leads nowhere, and it does not grow on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from ftops.files import data_cache
from ftops.files.data_cache import MOST_BYTES, DataCache
from ftops.model.remote import CACHED, Remote

REMOTE = Remote("s3://bucket/d/train.jsonl", etag="e")


def fetch(cache: DataCache, remote: Remote, data: bytes) -> bytes:
    """Keep a copy of `data`; return what an earlier run had left of it."""
    with cache.part(remote) as part:
        assert part is not None
        found = (cache._root / remote.folder / "part").read_bytes()
        part.add(data[part.size :])
        cache.keep(remote, part)
    return found


def stop(cache: DataCache, data: bytes) -> int:
    """Stop with some of the data; return how much of it there was before."""
    found = -1
    with suppress(KeyboardInterrupt), cache.part(REMOTE) as part:
        assert part is not None
        found = part.size
        part.add(data)
        raise KeyboardInterrupt
    return found


def test_a_part_that_no_digest_will_judge_is_gone_on_with_only_as_ftops_left_it(tmp_path: Path) -> None:
    cache, folder = DataCache(tmp_path), tmp_path / REMOTE.folder
    folder.mkdir(parents=True)
    (folder / "part").write_bytes(b"brought")
    assert stop(cache, b"good ") == 0
    assert fetch(cache, REMOTE, b"good bytes") == b"good "
    assert (tmp_path / REMOTE.path).read_bytes() == b"good bytes"
    assert cache.holds(REMOTE)


def test_a_part_that_was_changed_since_is_begun_anew(tmp_path: Path) -> None:
    cache, path = DataCache(tmp_path), tmp_path / REMOTE.folder / "part"
    stop(cache, b"good ")
    path.write_bytes(b"evil2 ")
    assert fetch(cache, REMOTE, b"good bytes") == b""
    assert (tmp_path / REMOTE.path).read_bytes() == b"good bytes"


def test_what_is_noted_of_a_copy_follows_no_link(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    outside.write_text("mine")
    (root / REMOTE.folder).mkdir(parents=True)
    (root / REMOTE.folder / "checked.json").symlink_to(outside)
    cache = DataCache(root)
    fetch(cache, REMOTE, b"good bytes")
    assert outside.read_text() == "mine"
    assert cache.holds(REMOTE)


@pytest.mark.parametrize("link", [".ftops", ".ftops/cache", CACHED])
def test_no_room_is_made_behind_a_link(tmp_path: Path, link: str) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(outside)
    below = outside / os.path.relpath(CACHED, link) / "models"
    below.mkdir(parents=True)
    with (below / "large").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    DataCache(root).drop_unused(())
    assert below.exists()


def test_the_oldest_copies_that_nothing_uses_go_first_and_only_as_many_as_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_cache, "MOST_BYTES", 250)
    folders = {}
    for age, name in enumerate(("used", "old", "young", "youngest")):
        folder = folders[name] = tmp_path / CACHED / name
        folder.mkdir(parents=True)
        (folder / "data.jsonl").write_bytes(b"x" * 100)
        os.utime(folder, (age, age))
    DataCache(tmp_path).drop_unused({f"{CACHED}/used"})
    assert [name for name, folder in folders.items() if folder.exists()] == ["used", "youngest"]
    DataCache(tmp_path).drop_unused(())
    assert folders["used"].exists()
