"""`ftops init` in a directory that has files of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftops.cli.main import run
from ftops.manifests.project import PROJECT_FILE


def init(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = run(["-C", str(root), "init"])
    return code, "".join(capsys.readouterr())


def test_files_of_git_that_are_there_get_the_lines_they_lack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gitignore").write_bytes(b"__pycache__/\r\n*.log")
    (tmp_path / ".gitattributes").write_bytes(b"*.jsonl binary\n")
    code, said = init(tmp_path, capsys)
    assert code == 0
    assert (tmp_path / ".gitignore").read_bytes() == b"__pycache__/\r\n*.log\r\n.ftops/\r\n"
    assert (tmp_path / ".gitattributes").read_bytes() == b"*.jsonl binary\n"
    assert f"added .ftops/ to {tmp_path / '.gitignore'}" in said
    assert ".gitattributes" not in said


def test_after_a_project_was_taken_away_the_lines_are_not_doubled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(tmp_path, capsys)[0] == 0
    for name in (PROJECT_FILE, "jobs/hello.yaml", "data/hello.jsonl"):
        (tmp_path / name).unlink()
    assert init(tmp_path, capsys)[0] == 0
    assert (tmp_path / ".gitignore").read_text() == ".ftops/\n"
    assert (tmp_path / ".gitattributes").read_text() == "*.jsonl text eol=lf\n"


@pytest.mark.parametrize("kind", ["directory", "link", "dangling"])
def test_where_no_line_can_be_added_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    root, elsewhere = tmp_path / "p", tmp_path / "elsewhere"
    root.mkdir()
    if kind == "directory":
        (root / ".gitignore").mkdir()
    else:
        (root / ".gitignore").symlink_to(elsewhere)
    if kind == "link":
        elsewhere.write_text("theirs\n")
    code, said = init(root, capsys)
    assert code == 1
    assert ".gitignore is not a regular file" in said
    assert [path.name for path in root.iterdir()] == [".gitignore"]
    assert kind != "link" or elsewhere.read_text() == "theirs\n"
    assert kind != "dangling" or not elsewhere.exists()


def test_a_project_that_is_there_is_left_alone_with_its_files_of_git(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gitignore").write_text("x\n")
    (tmp_path / PROJECT_FILE).write_text("mine\n")
    code, said = init(tmp_path, capsys)
    assert code == 1
    assert "already exists" in said
    assert (tmp_path / ".gitignore").read_text() == "x\n"
    assert (tmp_path / PROJECT_FILE).read_text() == "mine\n"
