from __future__ import annotations

import os
from pathlib import Path

import pytest

from ftops.files.index import (
    COARSE_TICK_NS,
    NO_INDEX,
    PLACE,
    TICK_NS,
    FileIndex,
    index_key,
    is_young,
)
from ftops.files.index_form import KnownData, KnownManifest
from ftops.files.places import FileStamp, file_stamp
from ftops.model.data_check import FileCheck, Statistics
from ftops.model.dataset import Dataset
from ftops.model.finetune import DataFile, FineTune, Source
from ftops.model.policy import PolicyRule, Waiver

FINE_TUNE = FineTune("a", "p", "m", (DataFile("d.jsonl"),), source=Source("jobs/a.yaml", 2))
OLD: FileStamp = (1, 2, 3_000_000_001, 4_000_000_001)
DATA = KnownData(
    OLD, "used", Dataset("d.jsonl", "a" * 64, 1, 1, "b" * 64), FileCheck("d.jsonl", Statistics(), ())
)
RULE = PolicyRule("r", "true", "m", source=Source("jobs/a.yaml", 9))
WAIVER = Waiver("r", "a", "agreed in review", "2026-12-31", Source("jobs/a.yaml", 12))
MANIFEST = KnownManifest(OLD, (FINE_TUNE,), (("d.jsonl", "d.jsonl"),), (RULE,), (WAIVER,))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    index = FileIndex(tmp_path, "key")
    index.learn("jobs/a.yaml", MANIFEST)
    index.learn("d.jsonl", DATA)
    assert index.fingerprint("a", "jobs/a.yaml", "basis", lambda: "f1:old") == "f1:old"
    index.save()
    return tmp_path


def test_what_was_learnt_is_known_for_the_same_stamp_and_use(root: Path) -> None:
    index = FileIndex(root, "key")
    assert index.manifest("jobs/a.yaml", OLD) == MANIFEST
    assert index.data("d.jsonl", OLD, "used") == DATA
    assert index.data("d.jsonl", OLD, "used otherwise") is None
    inode, size, modified, changed = OLD
    others = [(9, size, modified, changed), (inode, 9, modified, changed), (inode, size, 9, changed)]
    for other in (*others, (inode, size, modified, 9)):
        assert index.manifest("jobs/a.yaml", other) is None
    assert index.manifest("jobs/a.yaml", None) is None


def test_a_fingerprint_is_known_only_with_a_manifest_that_was_believed(root: Path) -> None:
    index = FileIndex(root, "key")
    assert index.fingerprint("a", "jobs/a.yaml", "basis", lambda: "f1:new") == "f1:new"
    index = FileIndex(root, "key")
    index.believe("jobs/a.yaml", MANIFEST)
    assert index.fingerprint("a", "jobs/a.yaml", "other", lambda: "f1:new") == "f1:new"
    index = FileIndex(root, "key")
    index.believe("jobs/a.yaml", MANIFEST)
    assert index.fingerprint("a", "jobs/a.yaml", "basis", lambda: "f1:new") == "f1:old"


def damaged(root: Path) -> None:
    content = bytearray((root / PLACE).read_bytes())
    content[len(content) // 2] ^= 1
    (root / PLACE).write_bytes(content)


def cut(root: Path) -> None:
    (root / PLACE).write_bytes((root / PLACE).read_bytes()[:-9])


def empty(root: Path) -> None:
    (root / PLACE).write_bytes(b"")


def fifo(root: Path) -> None:
    (root / PLACE).unlink()
    os.mkfifo(root / PLACE)


def directory(root: Path) -> None:
    (root / PLACE).unlink()
    (root / PLACE).mkdir()


def link(root: Path) -> None:
    (root / PLACE).rename(root / "elsewhere")
    (root / PLACE).symlink_to(root / "elsewhere")


@pytest.mark.parametrize("harm", [damaged, cut, empty, fifo, directory, link])
def test_what_is_no_index_is_none_without_a_word(root: Path, harm: object) -> None:
    assert callable(harm)
    harm(root)
    index = FileIndex(root, "key")
    assert index.manifest("jobs/a.yaml", OLD) is None
    index.learn("jobs/a.yaml", MANIFEST)
    index.save()


def test_another_version_of_ftops_or_project_file_knows_nothing(root: Path) -> None:
    assert FileIndex(root, "other").manifest("jobs/a.yaml", OLD) is None
    assert index_key(b"ab", b"c") != index_key(b"a", b"bc")


def test_what_is_gone_is_forgotten(root: Path) -> None:
    index = FileIndex(root, "key")
    index.believe("jobs/a.yaml", MANIFEST)
    index.save()
    index = FileIndex(root, "key")
    assert index.manifest("jobs/a.yaml", OLD) is not None
    assert index.data("d.jsonl", OLD, "used") is None


def test_an_index_behind_a_link_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    root = tmp_path / "project"
    root.mkdir()
    (root / ".ftops").symlink_to(tmp_path / "outside")
    index = FileIndex(root, "key")
    index.learn("jobs/a.yaml", MANIFEST)
    index.save()
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_gitignore_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    folder = tmp_path / "project/.ftops/cache"
    folder.mkdir(parents=True)
    (folder / ".gitignore").symlink_to(tmp_path / "elsewhere")
    index = FileIndex(tmp_path / "project", "key")
    index.learn("jobs/a.yaml", MANIFEST)
    index.save()
    assert not (tmp_path / "elsewhere").exists()
    assert FileIndex(tmp_path / "project", "key").manifest("jobs/a.yaml", OLD) == MANIFEST


def test_what_a_killed_run_left_is_removed(root: Path) -> None:
    (root / PLACE).with_name(".index.killed").write_text("half an index")
    index = FileIndex(root, "key")
    index.learn("jobs/a.yaml", MANIFEST)
    index.save()
    assert sorted(path.name for path in (root / PLACE).parent.iterdir()) == [".gitignore", "index"]


def test_a_file_as_young_as_the_reading_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "young").write_text("x")
    stamp = file_stamp(str(tmp_path / "young"))
    assert stamp is not None
    index = FileIndex(tmp_path, "key")
    index.learn("young", KnownManifest(stamp, (FINE_TUNE,), ()))
    index.learn("jobs/a.yaml", MANIFEST)
    index.save()
    index = FileIndex(tmp_path, "key")
    assert index.manifest("young", stamp) is None
    assert index.manifest("jobs/a.yaml", OLD) is not None


def test_young_is_what_could_change_within_a_tick() -> None:
    began = 10_000_000_000
    assert is_young((1, 1, began - TICK_NS, 1), began)
    assert not is_young((1, 1, began - TICK_NS - 1, 1), began)
    assert is_young((1, 1, 1, began - TICK_NS), began)
    # Whole seconds alone: the file system keeps no more.
    assert is_young((1, 1, began - COARSE_TICK_NS, 0), began)
    assert not is_young((1, 1, began - COARSE_TICK_NS - 1_000_000_000, 0), began)


def test_no_index_learns_nothing() -> None:
    NO_INDEX.learn("jobs/a.yaml", MANIFEST)
    NO_INDEX.save()
    assert NO_INDEX.manifest("jobs/a.yaml", OLD) is None
    assert NO_INDEX.fingerprint("a", "jobs/a.yaml", "", lambda: "f1:x") == "f1:x"


def test_an_index_that_was_wrong_can_be_removed(root: Path) -> None:
    FileIndex(root).forget()
    assert not (root / PLACE).exists()
    FileIndex(root).forget()
