"""Which files a project may name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ftops.errors import FtopsError, Refused
from ftops.files.confinement import confine, is_inside, is_special

CI = {"CI": "true"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project" / ".git").mkdir(parents=True)
    (tmp_path / "outside.txt").write_text("secret")
    (tmp_path / "project" / "here.txt").write_text("plain")
    return tmp_path / "project"


def test_links_are_followed_before_anything_is_judged(root: Path) -> None:
    (root / "in").symlink_to(root / "here.txt")
    (root / "out").symlink_to(root.parent / "outside.txt")
    (root / "up").symlink_to("..")
    (root.parent / "way-in").symlink_to(root)
    assert is_inside(root, root / "in")
    assert is_inside(root, root / "not-yet" / "there")
    assert is_inside(root.parent / "way-in", root / "here.txt")
    assert is_inside("/", "/etc/passwd")
    for outside in ("out", "up/outside.txt", "../outside.txt", "../project-2/x"):
        assert not is_inside(root, root / outside)


def test_git_is_not_part_of_the_project(root: Path) -> None:
    assert not is_inside(root, root / ".git/config")
    assert not is_inside(root, root / "vendor/.git/config")
    assert is_inside(root, root / ".github/x")


def test_only_ci_keeps_files_inside(root: Path) -> None:
    outside = root.parent / "outside.txt"
    confine(root, outside, "ftops.yaml", {})
    confine(root, root / "here.txt", "ftops.yaml", CI)
    with pytest.raises(Refused, match=r"ftops\.yaml lies outside the project"):
        confine(root, outside, "ftops.yaml", CI)


def test_a_device_and_a_fifo_are_no_files_anywhere(root: Path) -> None:
    os.mkfifo(root / "fifo")
    (root / "null").symlink_to("/dev/null")
    for name in ("fifo", "null"):
        assert is_special(root / name)
        with pytest.raises(FtopsError, match="a device, a FIFO or a socket"):
            confine(root, root / name, "the state", {})
    assert not is_special(root / "absent")
    assert not is_special(root / "null\0")
