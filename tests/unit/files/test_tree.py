"""The tree of a commit, written out of git's objects: whatever a stranger has put into it."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from ftops.files import tree as trees
from ftops.files.tree import Tree, TreeUnread, has_content, tree_of
from tests.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.init(tmp_path / "repository")


def read(repository: Repository, commit: str = "HEAD") -> Tree:
    return tree_of(repository.root, repository.git("rev-parse", commit))


def write(tree: Tree, below: Path) -> set[str]:
    below.mkdir(exist_ok=True)
    tree.write(tree.files, below, tree.sizes(tree.files.values()))
    tree.link(below)
    return {str(path.relative_to(below)) for path in below.rglob("*") if not path.is_dir()}


def raw_tree(repository: Repository, *entries: tuple[str, str, str]) -> str:
    """Write a tree as no index of git's would: mode, name, object id."""
    data = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(found) for mode, name, found in entries)
    done = subprocess.run(
        ["git", "-C", str(repository.root), "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
        input=data,
        check=True,
        capture_output=True,
    )
    return done.stdout.decode().strip()


def test_files_are_written_as_their_objects_are(repository: Repository, tmp_path: Path) -> None:
    names = {"jobs/a.yaml": "a: 1\n", "data/with space\tand ü.jsonl": "{}\n", "empty": ""}
    repository.commit(names)
    below = tmp_path / "below"
    assert write(read(repository), below) == set(names)
    assert all((below / name).read_text() == text for name, text in names.items())


def test_only_what_is_below_the_project_is_read(repository: Repository) -> None:
    repository.commit({"outside.yaml": "", "deep/project/ftops.yaml": "x", "deep/other/b": ""})
    tree = tree_of(repository.root / "deep/project", repository.git("rev-parse", "HEAD"))
    assert set(tree.files) == {"ftops.yaml"}


def test_links_stay_inside_or_are_left_out(repository: Repository, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("token")
    repository.commit({"deep/file": "x", "top": "y"})
    targets = {
        "absolute": str(secret),
        "up": "../secret",
        "deep/up": "../../secret",
        "deep/through": "down/../../../secret",
        "deep/down": "../deep",
        "git": ".git/config",
        "deep/fine": "../top",
        "here": ".",
        "long": "x" * 5000,
    }
    for name, target in targets.items():
        if len(target) < 4096:
            (repository.root / name).symlink_to(target)
    repository.commit()
    below = tmp_path / "below"
    write(read(repository), below)
    made = {str(path.relative_to(below)) for path in below.rglob("*") if path.is_symlink()}
    assert made == {"deep/down", "deep/fine", "here"}
    for name in made:
        assert os.path.realpath(below / name).startswith(str(below.resolve()))


def test_names_that_leave_the_directory_are_not_written(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"good": "evil"})
    blob = repository.git("rev-parse", "HEAD:good")
    bad = raw_tree(repository, ("100644", "escaped", blob))
    whole = raw_tree(
        repository,
        ("40000", "..", bad),
        ("100644", "./x", blob),
        ("100644", "/tmp/x", blob),
        ("40000", ".GIT", bad),
        ("100644", "good", blob),
    )
    commit = repository.git("commit-tree", "-m", "x", whole)
    assert write(tree_of(repository.root, commit), tmp_path / "below") == {"good"}
    assert not (tmp_path / "escaped").exists()


def test_nothing_is_written_through_a_link(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"good": "evil"})
    blob = repository.git("rev-parse", "HEAD:good")
    target = subprocess.run(
        ["git", "-C", str(repository.root), "hash-object", "-w", "--stdin"],
        input=b"..", check=True, capture_output=True,
    ).stdout.decode().strip()  # fmt: skip
    inner = raw_tree(repository, ("100644", "escaped", blob))
    whole = raw_tree(repository, ("120000", "a", target), ("40000", "a", inner))
    commit = repository.git("commit-tree", "-m", "x", whole)
    assert write(tree_of(repository.root, commit), tmp_path / "below") == {"a/escaped"}
    assert not (tmp_path / "escaped").exists()


def test_a_submodule_is_named_and_not_read(repository: Repository, tmp_path: Path) -> None:
    other = Repository.init(tmp_path / "other")
    other.commit({"jobs/a.yaml": ""})
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "vendor")
    repository.commit()
    tree = read(repository)
    assert tree.submodules == ("vendor",)
    assert set(tree.files) == {".gitmodules"}


def test_a_huge_tree_is_refused(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({f"f{number}": "" for number in range(5)})
    monkeypatch.setattr(trees, "MOST_ENTRIES", 4)
    with pytest.raises(TreeUnread, match="more than 4 files"):
        read(repository)
    monkeypatch.setattr(trees, "MOST_LISTED", 100)
    with pytest.raises(TreeUnread, match="too many files"):
        read(repository)


def test_directories_without_end_are_refused_though_they_hold_no_file(repository: Repository) -> None:
    repository.commit({"good": "x"})
    tree = raw_tree(repository)
    for _ in range(40):
        tree = raw_tree(repository, ("40000", "a", tree), ("40000", "b", tree))
    commit = repository.git("commit-tree", "-m", "x", tree)
    with pytest.raises(TreeUnread, match="too many files"):
        tree_of(repository.root, commit)


def test_no_code_of_the_repository_runs(repository: Repository, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "script.sh"
    script.write_text(f"#!/bin/sh\necho $0 >> {ran}\ncat\n")
    script.chmod(0o755)
    repository.commit({"a.jsonl": "{}\n", ".gitattributes": "* filter=evil diff=evil text eol=crlf\n"})
    hooks = repository.root / ".git/hooks"
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        (hooks / hook).write_text(script.read_text())
        (hooks / hook).chmod(0o755)
    for key in (
        "filter.evil.smudge", "filter.evil.clean", "filter.evil.process", "diff.evil.textconv",
        "core.fsmonitor", "core.pager", "core.sshCommand", "core.askPass",
    ):  # fmt: skip
        repository.git("config", key, str(script))
    head = repository.git("rev-parse", "HEAD")
    ran.unlink(missing_ok=True)
    tree = tree_of(repository.root, head)
    below = tmp_path / "below"
    assert write(tree, below) == {"a.jsonl", ".gitattributes"}
    assert (below / "a.jsonl").read_bytes() == b"{}\n"
    assert not ran.exists()


def test_a_partial_clone_fetches_nothing(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repository.commit({"a": "old\n"})
    repository.commit({"a": "new\n"})
    clone = repository.clone(tmp_path / "clone", "--filter=blob:none")
    tree = read(clone, "HEAD~1")
    assert set(tree.files) == {"a"}
    # Git from 2.44 on says that it is missing; before, that it must not fetch it.
    with suppress(TreeUnread):
        assert tree.sizes(tree.files.values()) == {}
    with pytest.raises(TreeUnread, match="does not have all of its objects"):
        tree.write(["a"], tmp_path, {tree.files["a"]: 4})


def test_an_unknown_commit_is_not_read(repository: Repository) -> None:
    repository.commit({"a": ""})
    with pytest.raises(TreeUnread):
        tree_of(repository.root, "0" * 40)


def test_content_is_compared_byte_by_byte(repository: Repository) -> None:
    repository.commit({"a": "text\n"})
    blob = repository.git("rev-parse", "HEAD:a")
    path = repository.root / "a"
    assert has_content(path, blob, 5)
    path.write_text("tex!\n")
    assert not has_content(path, blob, 5)
    path.write_text("longer\n")
    assert not has_content(path, blob, 5)
    path.unlink()
    assert not has_content(path, blob, 5)
