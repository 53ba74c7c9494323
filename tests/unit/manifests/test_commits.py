"""Which of two commits is older, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.files.commits import commit_of, is_before, left_alone
from ftops.model.commit import Commit
from tests.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.init(tmp_path / "repository")


def at(repository: Repository, directory: str = ".") -> Commit:
    found = commit_of(repository.root / directory)
    assert found is not None
    return found


def test_a_commit_has_its_hash_and_its_time(repository: Repository) -> None:
    first = repository.commit({"a/ftops.yaml": "1"}, at=1_700_000_000)
    found = at(repository, "a")
    assert (found.id, found.committed_at) == (first, 1_700_000_000)
    assert str(found) == first[:12]


def test_without_a_repository_there_is_no_commit(tmp_path: Path, repository: Repository) -> None:
    assert commit_of(tmp_path) is None
    assert commit_of(tmp_path / "nowhere") is None
    assert commit_of(repository.root) is None
    repository.commit({"a": "1"})
    (repository.root / "untracked").mkdir()
    assert commit_of(repository.root / "untracked") is None


def test_without_git_there_is_no_commit(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"a": "1"})
    assert commit_of(repository.root) is not None
    monkeypatch.setenv("PATH", str(repository.root))
    assert commit_of(repository.root) is None


def test_a_signature_that_the_user_wants_to_see_is_not_in_the_way(repository: Repository) -> None:
    repository.commit({"a": "1"})
    repository.git("config", "log.showSignature", "true")
    repository.git("config", "core.pager", "false")
    assert commit_of(repository.root) is not None


@pytest.mark.parametrize("step", [-60, 0, 60])
def test_history_goes_before_clocks(repository: Repository, step: int) -> None:
    repository.commit({"a": "1"}, at=1_700_000_000)
    one = at(repository)
    repository.commit({"a": "2"}, at=1_700_000_000 + step)
    two = at(repository)
    assert is_before(repository.root, one, two)
    assert not is_before(repository.root, two, one)
    assert not is_before(repository.root, one, one)


def test_only_what_no_commit_touched_was_left_alone(repository: Repository) -> None:
    repository.commit({"a/x": "1"}, at=1_700_000_000)
    one, here = at(repository), repository.root / "a"
    repository.commit({"b/x": "1"}, at=1_700_000_060)
    two = at(repository)
    assert left_alone(here, one, one)
    assert left_alone(here, one, two)
    assert not left_alone(repository.root, one, two)
    repository.commit({"a/y": "1"}, at=1_700_000_120)
    repository.git("revert", "--no-edit", "HEAD", at=1_700_000_180)
    assert not left_alone(here, two, at(repository))


def test_what_another_branch_brought_is_news_to_one_that_lacks_it(repository: Repository) -> None:
    start = repository.commit({"a/x": "1"}, at=1_700_000_000)
    repository.commit({"a/y": "1"}, at=1_700_000_060)
    one, here = at(repository), repository.root / "a"
    repository.git("checkout", "-q", "-b", "side", start)
    repository.commit({"b/x": "1"}, at=1_700_000_120)
    assert not left_alone(here, one, at(repository))


def test_branches_that_went_apart_are_told_by_time(repository: Repository) -> None:
    start = repository.commit({"a": "1"}, at=1_700_000_000)
    repository.commit({"a": "2"}, at=1_700_000_060)
    one = at(repository)
    repository.git("checkout", "-q", "-b", "side", start)
    repository.commit({"b": "2"}, at=1_700_000_120)
    two = at(repository)
    assert is_before(repository.root, one, two)
    assert not is_before(repository.root, two, one)


@pytest.mark.parametrize("seconds", [60, 0])
def test_in_a_shallow_clone_the_time_tells(repository: Repository, tmp_path: Path, seconds: int) -> None:
    """Of the same second nobody can tell: both stand back."""
    first = repository.commit({"a": "1"}, at=1_700_000_000)
    one = at(repository)
    repository.commit({"a": "2"}, at=1_700_000_000 + seconds)
    two = at(repository)
    new = repository.clone(tmp_path / "new", "--depth", "1")
    repository.git("checkout", "-q", "-B", "old", first)
    old = repository.clone(tmp_path / "old", "--depth", "1", "--branch", "old")
    assert (commit_of(new.root), commit_of(old.root)) == (two, one)
    assert is_before(old.root, one, two)
    assert is_before(new.root, two, one) is (seconds == 0)
    assert not left_alone(new.root, one, two)


def test_a_file_named_head_is_no_commit(repository: Repository) -> None:
    repository.commit({"HEAD": "1"})
    assert commit_of(repository.root) is not None


def test_a_hook_of_another_repository_does_not_mislead(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = repository.commit({"a": "1"})
    other = Repository.init(tmp_path / "other")
    other.commit({"b": "1"})
    for value in (".", str(other.root / ".git")):
        monkeypatch.setenv("GIT_DIR", value)
        assert at(repository).id == own
    monkeypatch.setenv("GIT_DIR", str(repository.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repository.root))
    assert at(repository).id == own


def test_git_prints_what_is_asked_for_whatever_encoding_is_set(repository: Repository) -> None:
    repository.git("config", "i18n.logOutputEncoding", "UTF-16")
    repository.commit({"a": "1"})
    assert commit_of(repository.root) is not None
