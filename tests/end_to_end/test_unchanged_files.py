"""The index of unchanged files: it saves reading, changes no answer, and never pays for a mistake."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftops.files.index import PLACE
from ftops.reconciler.checking import check
from ftops.reconciler.loading import load
from ftops.reconciler.values import Loaded
from tests.conftest import ProjectDirectory

MOST_TRIES = 10_000


def seen_before(root: Path) -> Loaded:
    """Load until the files are old enough to be remembered."""
    for _ in range(MOST_TRIES):
        loaded = load(root, remembering=True)
        if {"jobs/a.yaml", "data/train.jsonl"} <= loaded.believed:
            return loaded
    raise AssertionError("nothing was ever remembered")


def epochs(root: Path) -> object:
    (fine_tune,) = load(root, remembering=True).fine_tunes
    return fine_tune.hyperparameters["n_epochs"]


@pytest.fixture
def declared(project: ProjectDirectory) -> ProjectDirectory:
    project.manifest("a", "hyperparameters: {n_epochs: 2}")
    seen_before(project.root)
    return project


def test_what_is_known_is_what_would_be_read(declared: ProjectDirectory) -> None:
    known, read = seen_before(declared.root), load(declared.root)
    assert known.fine_tunes == read.fine_tunes
    assert known.datasets == read.datasets
    assert known.verdicts == read.verdicts
    assert known.fingerprints == read.fingerprints
    assert known.stamps == read.stamps
    assert not read.believed


def test_a_manifest_of_the_same_size_and_time_is_read_again(declared: ProjectDirectory) -> None:
    path = declared.root / "jobs/a.yaml"
    before = path.stat()
    path.write_text(path.read_text().replace("n_epochs: 2", "n_epochs: 3"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert epochs(declared.root) == 3


def test_a_manifest_that_was_swapped_for_another_is_read_again(declared: ProjectDirectory) -> None:
    path, other = declared.root / "jobs/a.yaml", declared.root / "other"
    other.write_text(path.read_text().replace("n_epochs: 2", "n_epochs: 3"))
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert epochs(declared.root) == 3


def test_data_that_has_changed_is_another_training(declared: ProjectDirectory) -> None:
    before = seen_before(declared.root).fingerprints["a"]
    data = declared.root / "data/train.jsonl"
    data.write_text(data.read_text().replace("a1", "b1"))
    assert load(declared.root, remembering=True).fingerprints["a"] != before


def test_another_project_file_means_that_everything_is_read(declared: ProjectDirectory) -> None:
    project_file = declared.root / "ftops.yaml"
    project_file.write_text(project_file.read_text() + "  defaults: {hyperparameters: {batch_size: 4}}\n")
    loaded = load(declared.root, remembering=True)
    assert not loaded.believed
    assert loaded.fine_tunes[0].hyperparameters == {"n_epochs": 2, "batch_size": 4}


def test_data_behind_a_link_is_looked_for_each_time(declared: ProjectDirectory, tmp_path: Path) -> None:
    data = declared.root / "data/train.jsonl"
    kept = data.rename(declared.root / "data/kept.jsonl")
    data.symlink_to(kept.name)
    seen_before(declared.root)
    (tmp_path / "secret.jsonl").write_bytes(kept.read_bytes())
    data.unlink()
    data.symlink_to(tmp_path / "secret.jsonl")
    assert declared.ftops("plan") == 1
    assert "jobs/a.yaml:6" in declared.err
    assert "lies outside the project" in declared.err


def test_mistakes_are_said_again_with_their_places(declared: ProjectDirectory) -> None:
    declared.manifest("b", "hyperparameter: {}")
    declared.write("jobs/c.yaml", (declared.root / "jobs/a.yaml").read_text())
    answers = set()
    for _ in range(3):
        assert declared.ftops("plan") == 1
        answers.add(declared.err)
    assert declared.ftops("plan", "--no-cache") == 1
    assert answers == {declared.err}
    assert "declared twice" in declared.err
    assert "did you mean" in declared.err


def test_without_the_cache_nothing_is_kept(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("plan", "--no-cache") == 0
    assert not (project.root / PLACE).exists()


def test_an_index_that_cannot_be_written_is_no_matter(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.write(".ftops/cache", "a file where a folder should be")
    assert project.ftops("plan") == 0
    assert project.err == ""


def forge(root: Path, change: Any) -> None:
    """Let the index say of an unchanged file what is not so."""
    content = msgspec.msgpack.decode((root / PLACE).read_bytes()[4:])
    change(content)
    data = msgspec.msgpack.encode(content)
    (root / PLACE).write_bytes(zlib.crc32(data).to_bytes(4, "big") + data)


def other_epochs(content: Any) -> None:
    content["fine_tunes"][0]["hyperparameters"]["n_epochs"] = 40
    content["fingerprints"].clear()


def other_data(content: Any) -> None:
    content["data"]["data/train.jsonl"]["dataset"]["sha256"] = "0" * 64


@pytest.mark.parametrize("lie", [other_epochs, other_data])
def test_a_wrong_hit_never_pays(declared: ProjectDirectory, lie: Any) -> None:
    forge(declared.root, lie)
    assert declared.ftops("apply", "--yes") == 4
    assert "is not declared as it was when this run began; nothing more was done" in declared.err
    assert not (declared.root / PLACE).exists()
    assert declared.ftops("apply", "--yes") == 0
    assert declared.ftops("plan", "--no-cache", "--detailed-exitcode") == 0
    assert declared.ftops("status", "--format", "json") == 0
    assert declared.out.count("ftjob-") == 1


def test_a_wrong_hit_stops_no_job(declared: ProjectDirectory) -> None:
    assert declared.ftops("apply", "--yes") == 0
    seen_before(declared.root)
    forge(declared.root, other_epochs)
    assert declared.ftops("apply", "--yes") == 4
    assert declared.ftops("plan", "--detailed-exitcode") == 0
    assert declared.ftops("status", "--format", "json") == 0
    assert '"cancel' not in declared.out


def test_a_saved_plan_is_read_anew_too(declared: ProjectDirectory) -> None:
    assert declared.ftops("plan", "--out", str(declared.root / "saved.plan")) == 0
    seen_before(declared.root)
    forge(declared.root, other_epochs)
    assert declared.ftops("apply", str(declared.root / "saved.plan")) == 4
    assert declared.ftops("status", "--format", "json") == 0
    assert "ftjob-" not in declared.out


def whole(root: Path) -> bool:
    """Load, and return whether everything is taken from the index at once by now."""
    load(root.resolve(), remembering=True)
    return whole_now(root)


def test_an_unchanged_project_is_taken_whole(declared: ProjectDirectory) -> None:
    declared.manifest("b")
    assert not whole_now(declared.root)
    while not whole(declared.root):
        pass
    known, read = load(declared.root, remembering=True), load(declared.root)
    assert known.believed == {"jobs/a.yaml", "jobs/b.yaml", "data/train.jsonl"}
    assert (known.fine_tunes, known.datasets, known.verdicts) == (
        read.fine_tunes,
        read.datasets,
        read.verdicts,
    )
    assert (known.fingerprints, known.stamps) == (read.fingerprints, read.stamps)


def test_one_change_and_it_is_not_whole(declared: ProjectDirectory, tmp_path: Path) -> None:
    root = declared.root
    (root / "data").rename(root / "real")
    (root / "data").symlink_to("real")
    data = root / "real/train.jsonl"

    def another_manifest() -> None:
        declared.manifest("c")

    def a_manifest_less() -> None:
        (root / "jobs/c.yaml").unlink()

    def other_data() -> None:
        data.write_text(data.read_text().replace("a1", "b1"))

    def a_link_for_data() -> None:
        data.rename(root / "real/moved.jsonl").touch()
        data.symlink_to("moved.jsonl")

    def back() -> None:
        (root / "real/moved.jsonl").replace(data)

    def another_folder() -> None:
        (root / "other").mkdir()
        (root / "other/train.jsonl").write_bytes(data.read_bytes())
        (root / "data").unlink()
        (root / "data").symlink_to("other")

    for change in (another_manifest, a_manifest_less, other_data, a_link_for_data, back, another_folder):
        while change is not back and not whole(root):
            pass
        change()
        assert not whole_now(root), change.__name__
        assert load(root, remembering=True).datasets == load(root).datasets, change.__name__


def whole_now(root: Path) -> bool:
    """Return whether everything would be taken from the index at once."""
    return check(root.resolve(), remembering=True).index.whole
