"""What a pull may do to a checkout, with a real git and a remote on the same machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.controller.pulling import Pulling
from ftops.errors import FtopsError, Problem
from ftops.files import upstream as git
from ftops.files.commits import commit_of
from ftops.files.upstream import upstream_of
from tests.repository import Repository

BROKEN = (Problem("oops", file="jobs/a.yaml", line=3),)


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    made = Repository.init(tmp_path / "origin")
    made.commit({"a": "1\n", ".gitignore": ".ftops/\n"})
    return made


@pytest.fixture
def clone(tmp_path: Path, origin: Repository) -> Repository:
    return origin.clone(tmp_path / "clone")


def following(clone: Repository) -> Pulling:
    return Pulling(clone.root, lambda: False)


def said(pulling: Pulling) -> str:
    return "\n".join(map(str, pulling.advance()))


def head(clone: Repository) -> str:
    return clone.git("rev-parse", "HEAD")


def test_a_checkout_is_brought_up_to_its_upstream(origin: Repository, clone: Repository) -> None:
    pulling = following(clone)
    assert str(upstream_of(clone.root)) == "origin/main"
    assert said(pulling) == ""
    newer = origin.commit({"b": "2\n"})
    assert said(pulling) == ""
    assert head(clone) == newer
    assert (clone.root / "b").read_text() == "2\n"


def test_a_shallow_clone_is_brought_up_too(origin: Repository, tmp_path: Path) -> None:
    shallow = origin.clone(tmp_path / "shallow", "--depth=1")
    newer = origin.commit({"b": "2\n"})
    assert said(following(shallow)) == ""
    assert head(shallow) == newer


def test_without_an_upstream_or_a_branch_it_refuses(clone: Repository, tmp_path: Path) -> None:
    clone.git("switch", "-q", "-c", "mine")
    with pytest.raises(FtopsError, match="the branch mine has none"):
        following(clone)
    clone.git("checkout", "-q", "--detach")
    with pytest.raises(FtopsError, match="there is none"):
        following(clone)
    with pytest.raises(FtopsError, match="there is none"):
        Pulling(tmp_path, lambda: False)


def test_what_was_edited_or_has_diverged_stays_as_it_is(origin: Repository, clone: Repository) -> None:
    pulling, before = following(clone), head(clone)
    origin.commit({"b": "2\n"})
    (clone.root / "a").write_text("edited\n")
    assert "were edited and not committed" in said(pulling)
    assert head(clone) == before
    mine = clone.commit()
    assert "is not part of origin/main" in said(pulling)
    assert head(clone) == mine


def test_a_remote_that_is_gone_or_another_one_is_said(origin: Repository, clone: Repository) -> None:
    pulling = following(clone)
    origin.root.rename(origin.root.parent / "elsewhere")
    assert "cannot fetch origin/main: fatal: " in said(pulling)
    clone.git("remote", "set-url", "origin", "file:///nowhere")
    assert "any more: nothing is pulled" in said(pulling)


def test_a_commit_that_does_not_load_is_left_until_the_remote_moves(
    origin: Repository, clone: Repository
) -> None:
    pulling = following(clone)
    assert said(pulling) == ""
    pulling.loaded(commit_of(clone.root))
    good, broken = head(clone), origin.commit({"a": "broken\n"})
    assert said(pulling) == ""
    assert head(clone) == broken
    back = pulling.go_back(BROKEN)
    assert back is not None
    assert f"commit {broken[:12]} of origin/main does not load: {good[:12]} stays checked out" in str(back[0])
    assert back[1:] == BROKEN
    assert (head(clone), (clone.root / "a").read_text()) == (good, "1\n")
    assert pulling.advance() == back
    assert head(clone) == good
    mended = origin.commit({"a": "mended\n"})
    assert said(pulling) == ""
    assert head(clone) == mended


def test_a_commit_is_tried_again_where_the_one_before_does_not_load_either(
    origin: Repository, clone: Repository
) -> None:
    pulling = following(clone)
    pulling.loaded(commit_of(clone.root))
    newer = origin.commit({"a": "2\n"})
    assert said(pulling) == ""
    assert pulling.go_back(BROKEN)
    pulling.acquit()
    assert said(pulling) == ""
    assert head(clone) == newer


def test_a_run_that_was_killed_on_a_broken_commit_still_goes_back(
    origin: Repository, clone: Repository
) -> None:
    first = following(clone)
    first.advance()
    first.loaded(commit_of(clone.root))
    good = head(clone)
    origin.commit({"a": "broken\n"})
    first.advance()
    second = following(clone)
    assert said(second) == ""
    assert second.go_back(BROKEN)
    assert head(clone) == good


def test_a_commit_that_nobody_else_has_is_never_left(origin: Repository, clone: Repository) -> None:
    pulling = following(clone)
    pulling.advance()
    pulling.loaded(commit_of(clone.root))
    mine = clone.commit({"a": "mine\n"})
    assert pulling.go_back(BROKEN) is None
    assert head(clone) == mine


def test_nothing_of_what_is_fetched_is_run(origin: Repository, clone: Repository, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {marker}\ncat\n"
    clone.git("config", "core.hooksPath", "hooks")
    clone.git("config", "filter.own.smudge", "sh ./filter.sh")
    clone.git("config", "filter.own.required", "true")
    for name in ("post-merge", "post-checkout", "reference-transaction", "pre-auto-gc"):
        origin.commit({f"hooks/{name}": script})
        (origin.root / f"hooks/{name}").chmod(0o755)
    origin.commit({"filter.sh": script, ".gitattributes": "*.txt filter=own\n", "x.txt": "x\n"})
    pulling = following(clone)
    assert said(pulling) == ""
    origin.commit({"y.txt": "y\n"})
    assert said(pulling) == ""
    assert (clone.root / "y.txt").read_text() == "y\n"
    assert (clone.root / "hooks/post-merge").stat().st_mode & 0o100
    assert not marker.exists()


def test_a_fetched_file_never_takes_the_place_of_an_ignored_one(
    origin: Repository, clone: Repository
) -> None:
    (clone.root / ".ftops").mkdir()
    (clone.root / ".ftops/state.json").write_text("the state\n")
    (origin.root / ".ftops").mkdir()
    (origin.root / ".ftops/state.json").write_text("a forged one\n")
    origin.git("add", "--force", ".ftops/state.json")
    origin.commit()
    before = head(clone)
    assert "cannot check out" in said(following(clone))
    assert head(clone) == before
    assert (clone.root / ".ftops/state.json").read_text() == "the state\n"


def test_a_password_in_a_url_is_not_said(clone: Repository) -> None:
    clone.git("remote", "set-url", "origin", "https://ana:hunter2@127.0.0.1:1/x.git")
    told = said(following(clone))
    assert "cannot fetch origin/main" in told
    assert "hunter2" not in told


def test_a_fetch_that_hangs_ends_when_somebody_asks(clone: Repository) -> None:
    clone.git("config", "remote.origin.uploadpack", "sleep 600; :")
    with pytest.raises(FtopsError, match="stopped"):
        git.fetched(clone.root, upstream_of(clone.root), lambda: True)
