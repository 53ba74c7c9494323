"""When the kill switch counts as on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.api.freeze import FILE, VARIABLE, freeze, frozen
from ftops.errors import FtopsError


@pytest.mark.parametrize(
    ("value", "on"), [("1", True), ("yes", True), ("0", False), ("", False), ("off", False)]
)
def test_the_variable_freezes_unless_it_says_no(tmp_path: Path, value: str, on: bool) -> None:
    assert (frozen(tmp_path, {VARIABLE: value}) is not None) is on


def test_a_file_freezes_and_its_first_line_is_the_reason(tmp_path: Path) -> None:
    assert frozen(tmp_path, {}) is None
    path = tmp_path / FILE
    path.parent.mkdir()
    path.touch()
    found = frozen(tmp_path, {})
    assert found is not None
    assert str(found) == f"ftops is frozen by {FILE}"
    path.write_text("bill of May\x1b[31m is wrong\nmore\n")
    assert str(frozen(tmp_path, {})) == f"ftops is frozen by {FILE} (bill of May [31m is wrong)"


@pytest.mark.parametrize("make", ["folder", "dangling link"])
def test_anything_by_that_name_freezes(tmp_path: Path, make: str) -> None:
    path = tmp_path / FILE
    path.parent.mkdir()
    if make == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    assert str(frozen(tmp_path, {})) == f"ftops is frozen by {FILE}"


def test_a_switch_that_cannot_be_looked_at_counts_as_on(tmp_path: Path) -> None:
    (tmp_path / ".ftops").symlink_to(".ftops")
    assert "cannot be read" in str(frozen(tmp_path, {}))


def test_a_file_in_place_of_the_directory_is_no_switch(tmp_path: Path) -> None:
    (tmp_path / ".ftops").write_text("a file")
    assert frozen(tmp_path, {}) is None


def test_the_switch_is_turned_on_once_and_keeps_its_first_reason(tmp_path: Path) -> None:
    assert str(freeze(tmp_path, {}, "too dear")) == f"ftops is frozen by {FILE} (too dear)"
    assert str(freeze(tmp_path, {}, "later")) == f"ftops is frozen by {FILE} (too dear)"
    assert str(frozen(tmp_path, {})) == f"ftops is frozen by {FILE} (too dear)"


def test_a_switch_that_cannot_be_turned_on_says_so(tmp_path: Path) -> None:
    (tmp_path / ".ftops").write_text("")
    with pytest.raises(FtopsError, match="cannot be turned on"):
        freeze(tmp_path, {}, "too dear")
