"""What git left out of a checkout is told where manifests may be, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.files.checkout import Missing, left_out
from ftops.manifests.discovery import manifest_files
from ftops.manifests.loader import parse_yaml
from tests.repository import Repository

(PROJECT,) = parse_yaml(b"spec:\n  manifests:\n  - here\n", "ftops.yaml").documents
FILES = {
    "jobs/v1/a.yaml": "1",
    "jobs/v2/b.yaml": "1",
    "jobs/v2/deep/c.yml": "1",
    "jobs/v2/readme.md": "1",
    "docs/.hidden/d.yaml": "1",
    "docs/e.md": "1",
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository.init(tmp_path / "repository")
    repository.commit(FILES)
    return repository


def unseen(repository: Repository, pattern: str) -> list[str]:
    """Return the places that git left out; that the pattern finds nothing else is another problem."""
    found = manifest_files(repository.root.resolve(), [pattern], PROJECT)
    assert not found.problems
    return [problem.file or "" for problem in found.unseen if problem.file != "ftops.yaml"]


def without(repository: Repository, *paths: str) -> None:
    """Leave files out as a sparse checkout does."""
    for path in paths:
        repository.git("update-index", "--skip-worktree", path)
        (repository.root / path).unlink()
        for folder in (repository.root / path).parents:
            if folder != repository.root and folder.exists() and not any(folder.iterdir()):
                folder.rmdir()


def test_a_whole_checkout_lacks_nothing(repository: Repository) -> None:
    assert list(left_out(repository.root)) == []
    assert unseen(repository, "jobs/") == []


def test_without_a_repository_nothing_is_known_to_be_left_out(tmp_path: Path) -> None:
    assert list(left_out(tmp_path)) == []


@pytest.mark.parametrize(
    ("pattern", "places"),
    [
        ("jobs/", ["jobs/v2"]),
        ("jobs/v*/*.yaml", ["jobs/v2"]),
        ("jobs/**/c.yml", ["jobs/v2"]),
        ("**/b.yaml", ["jobs/v2"]),
        ("jobs/v1/", []),
        ("jobs/*/a.yaml", []),
        ("jobs/v1/*.yaml", []),
    ],
)
def test_a_sparse_checkout_is_told_where_a_pattern_would_find_a_manifest(
    repository: Repository, pattern: str, places: list[str]
) -> None:
    without(repository, "jobs/v2/b.yaml", "jobs/v2/deep/c.yml", "jobs/v2/readme.md")
    assert unseen(repository, pattern) == places


def test_a_sparse_checkout_that_git_made_is_told(repository: Repository) -> None:
    repository.git("sparse-checkout", "set", "--cone", "--sparse-index", "jobs/v1")
    assert unseen(repository, "jobs/") == ["jobs/v2"]
    assert unseen(repository, "jobs/v1") == []


def test_a_single_file_that_is_left_out_is_named(repository: Repository) -> None:
    without(repository, "jobs/v2/b.yaml")
    assert unseen(repository, "jobs") == ["jobs/v2/b.yaml"]


def test_what_is_no_manifest_or_hidden_is_not_missed(repository: Repository) -> None:
    without(repository, "docs/.hidden/d.yaml", "docs/e.md", "jobs/v2/readme.md")
    assert unseen(repository, "**") == []


def test_a_file_that_is_there_all_the_same_is_seen(repository: Repository) -> None:
    repository.git("update-index", "--skip-worktree", "jobs/v1/a.yaml")
    assert unseen(repository, "jobs") == []


def test_a_file_that_somebody_deleted_is_removed_and_not_left_out(repository: Repository) -> None:
    (repository.root / "jobs/v1/a.yaml").unlink()
    assert unseen(repository, "jobs") == []


def test_a_project_below_the_root_of_its_repository_is_told_of_its_own(repository: Repository) -> None:
    without(repository, "jobs/v2/b.yaml")
    assert list(left_out(repository.root / "jobs")) == [Missing("v2/b.yaml", "v2/b.yaml", folder=False)]
    assert list(left_out(repository.root / "docs")) == []


def test_what_lies_behind_a_link_is_told_too(repository: Repository) -> None:
    (repository.root / "teams").mkdir()
    (repository.root / "teams/all").symlink_to("../jobs")
    without(repository, "jobs/v2/b.yaml")
    assert unseen(repository, "teams/") == ["jobs/v2/b.yaml"]


class TestSubmodules:
    @pytest.fixture
    def repository(self, tmp_path: Path) -> Repository:
        inner = Repository.init(tmp_path / "inner")
        inner.commit({"jobs/x.yaml": "1"})
        middle = Repository.init(tmp_path / "middle")
        middle.commit({"m.yaml": "1"})
        _add(middle, inner, "nested")
        repository = Repository.init(tmp_path / "repository")
        repository.commit(FILES)
        _add(repository, middle, "vendor")
        return repository

    @pytest.mark.parametrize("pattern", [".", "vendor", "vendor/*", "vendor/nested/jobs/", "**/x.yaml"])
    def test_one_that_is_not_checked_out_is_told(self, repository: Repository, pattern: str) -> None:
        repository.git("submodule", "deinit", "-f", "vendor")
        assert "vendor" in unseen(repository, pattern)
        (repository.root / "vendor").rmdir()
        assert "vendor" in unseen(repository, pattern)
        assert "vendor" not in unseen(repository, "jobs")

    def test_one_in_another_one_is_told(self, repository: Repository) -> None:
        assert unseen(repository, "**") == ["vendor/nested"]
        _update(repository)
        assert unseen(repository, "**") == []


def _add(repository: Repository, other: Repository, path: str) -> None:
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), path)
    repository.git("commit", "-q", "-m", "submodule")


def _update(repository: Repository) -> None:
    repository.git("-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init", "--recursive")


def test_looking_at_the_index_runs_no_hook(tmp_path: Path) -> None:
    repository = Repository.init(tmp_path / "repository")
    repository.commit({"a": "1"})
    ran = tmp_path / "ran"
    repository.git("config", "core.fsmonitor", f"touch '{ran}'")
    assert list(left_out(repository.root)) == []
    assert not ran.exists()
