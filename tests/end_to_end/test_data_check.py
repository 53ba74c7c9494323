"""`ftops data check`: everything that is wrong in one run, and a corrected copy that a provider takes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ftops.manifests.schema import schema_text
from tests.conftest import ROWS, Emulator, ProjectDirectory

TWELVE = Path(__file__).parent / "data/twelve-faults.jsonl"
FAULTS = {
    "bom": "1: error",
    "blank-line": "2: warning",
    "trailing-comma": "3:140: error",
    "python-literal": "4:2: error",
    "several-objects": "5:141: error",
    "role": "6:24: error",
    "weight": "7:149: error",
    "arguments-type": "8:177: error",
    "arguments-encoded-twice": "9:177: warning",
    "consecutive-assistants": "10:142: warning",
    "row-key": "11:143: warning",
    "special-token": "12:54: warning",
    "duplicate-row": "14: warning",
}
LEFT = {"consecutive-assistants", "row-key", "special-token"}


@pytest.fixture
def faulty(project: ProjectDirectory) -> ProjectDirectory:
    """A project whose only fine-tune trains on data with more than twelve kinds of faults."""
    project.manifest("triage")
    shutil.copy(TWELVE, project.root / "data/train.jsonl")
    return project


def document(project: ProjectDirectory, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = project.ftops("data", "check", "--format", "json", *arguments)
    found: dict[str, Any] = json.loads(project.out)
    jsonschema.Draft7Validator(json.loads(schema_text("data-check"))).validate(found)
    return code, found


def test_every_kind_of_fault_is_named_with_its_line_in_one_run(faulty: ProjectDirectory) -> None:
    assert faulty.ftops("data", "check") == 1
    for place in FAULTS.values():
        assert f"  data/train.jsonl:{place}: " in faulty.out
    assert faulty.out.endswith("1 data file: 7 errors and 6 warnings.\n")
    code, found = document(faulty, "triage")
    assert code == 1
    (file,) = found["files"]
    assert {one["kind"] for one in file["findings"]} == FAULTS.keys()
    assert file["checked_for"] == ["triage"]
    assert len(found["errors"]) == 7


def test_a_corrected_copy_is_accepted(faulty: ProjectDirectory, emulator: Emulator) -> None:
    before = (faulty.root / "data/train.jsonl").read_bytes()
    assert faulty.ftops("plan", "--detailed-exitcode") == 1
    assert faulty.ftops("data", "check", "--fix", "--fix-duplicates") == 0
    assert (
        "  Corrected in data/train.fixed.jsonl:\n    bom: byte order mark removed, on 1 line\n" in faulty.out
    )
    assert "duplicate-row: repeated row removed, on 1 line" in faulty.out
    assert faulty.out.endswith("1 data file, 1 corrected copy: no error left.\n")
    assert (faulty.root / "data/train.jsonl").read_bytes() == before
    copy = faulty.root / "data/train.fixed.jsonl"
    assert b"\r" not in copy.read_bytes()
    faulty.write(
        "jobs/triage.yaml", (faulty.root / "jobs/triage.yaml").read_text().replace("train.", "train.fixed.")
    )
    assert faulty.ftops("apply", "--yes") == 0
    emulator.advance(10_000)
    assert faulty.ftops("status") == 0
    assert "succeeded" in faulty.out


def test_what_needs_a_person_is_left_and_told(faulty: ProjectDirectory) -> None:
    code, found = document(faulty, "--fix")
    assert code == 0
    (fixed,) = found["fixed"]
    assert fixed["copy"]["path"] == "data/train.fixed.jsonl"
    assert {one["kind"] for one in fixed["copy"]["findings"]} == LEFT | {"duplicate-row"}
    assert fixed["corrections"].keys() == (FAULTS.keys() - LEFT - {"duplicate-row"}) | {
        "crlf",
        "final-newline",
    }
    assert found["valid"] is True


def test_a_copy_is_not_written_over_another_file(faulty: ProjectDirectory) -> None:
    copy = faulty.root / "data/train.fixed.jsonl"
    copy.write_text("mine\n")
    assert faulty.ftops("data", "check", "--fix") == 1
    assert "data/train.fixed.jsonl exists and differs (pass --force to replace it" in faulty.out
    assert copy.read_text() == "mine\n"
    assert faulty.ftops("data", "check", "--fix", "--force") == 0
    # Its own copy is as it would be written again.
    assert faulty.ftops("data", "check", "--fix") == 0
    assert [one.name for one in (faulty.root / "data").iterdir() if one.name.startswith(".")] == []


def test_a_copy_is_not_written_outside_the_project(faulty: ProjectDirectory, tmp_path: Path) -> None:
    copy, outside = faulty.root / "data/train.fixed.jsonl", tmp_path / "outside"
    copy.symlink_to(outside)
    assert faulty.ftops("data", "check", "--fix", "--force") == 1
    assert "would be outside the project" in faulty.out
    assert not outside.exists()


def test_sound_data_gets_no_copy(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("data", "check", "--fix") == 0
    assert "Nothing in it can be corrected automatically." in project.out
    assert os.listdir(project.root / "data") == ["train.jsonl"]  # noqa: PTH208


def test_a_file_is_checked_before_there_is_a_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = ProjectDirectory(tmp_path / "alone", capsys)
    alone.write("rows.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
    assert alone.ftops("data", "check", "rows.jsonl") == 0
    assert "  checked for openai, supervised\n" in alone.out
    assert alone.ftops("data", "check", "rows.jsonl", "--method", "dpo") == 1
    assert "has the chat form; this model with this method takes preference rows" in alone.out
    assert alone.ftops("data", "check", str(tmp_path / "alone/rows.jsonl"), "--dialect", "together") == 0
    assert "  checked for together, supervised\n" in alone.out
    assert alone.ftops("data", "check") == 1
    assert "has no ftops.yaml" in alone.err


def test_lengths_are_drawn_and_tokens_are_counted_or_estimated(project: ProjectDirectory) -> None:
    project.manifest("a")
    long = {"messages": [{"role": "user", "content": "q " * 400}, {"role": "assistant", "content": "a"}]}
    text = "".join(json.dumps(row) + "\n" for row in (*ROWS, long))
    project.write("data/train.jsonl", text)
    assert project.ftops("data", "check", "--estimate") == 0
    assert "; about " in project.out
    assert "tokens are a range: estimated from the characters, as requested" in project.out
    assert "(line 13), median " in project.out
    assert "  messages per example: 2\n" in project.out
    assert project.ftops("data", "check") == 0
    assert "█ 12\n" in project.out
    assert "; 5" in project.out
    assert "range" not in project.out
    _, found = document(project, "a")
    assert found["files"][0]["lengths"]["tokens"]["exact"] is True


def test_overlap_and_repeated_rows_are_told(project: ProjectDirectory) -> None:
    project.manifest("a", "validation_file: {path: ../data/valid.jsonl}")
    rows = [json.dumps(row) + "\n" for row in ROWS]
    project.write("data/valid.jsonl", "".join(rows[:10]))
    project.write("data/train.jsonl", "".join([*rows, rows[0]]))
    assert project.ftops("data", "check", "data/train.jsonl") == 0
    assert "data/valid.jsonl:" not in project.out
    assert "shares 10 rows with the validation file data/valid.jsonl" in project.out
    assert "1 repeated row" in project.out


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("check", "nix.jsonl"), "nix.jsonl is neither a fine-tune nor a file", 1),
        (("check", "tria"), "tria is neither a fine-tune nor a file (did you mean 'triage'?)", 1),
        (("check", "data/trin.jsonl"), "(did you mean 'data/train.jsonl'?)", 1),
        (("check", "data"), "data is a directory (name a file in it)", 1),
        (
            ("check", "data/train.jsonl", "--dialect", "opnai"),
            "unknown dialect 'opnai' (did you mean 'openai'?)",
            64,
        ),
        (("check", "data/train.jsonl", "--method", "magic"), "openai does not train by 'magic'", 64),
        (("check", "--model", "gpt-4o"), "--dialect, --method and --model need a FILE", 64),
        (("check", "--force"), "--fix-duplicates and --force need --fix", 64),
        (("show", "nix"), "nix is neither a fine-tune nor a file", 1),
        (("show", "data"), "data is a directory", 1),
        (("show", "pointer"), "pointer is a git-lfs pointer, not the data (run `git lfs pull`)", 1),
        (("show", "binary"), "binary is a binary file, not JSONL", 1),
        (("show", "triage", "--row", "99"), "data/train.jsonl has no row 99: it has 13 rows", 1),
        (("diff", "triage"), "triage has not been trained yet: there is nothing to compare its data with", 1),
        (("diff", "tria"), "(did you mean 'triage'?)", 1),
        (("diff", "data/train.jsonl", "pointer"), "pointer is a git-lfs pointer", 1),
        (("diff", "binary", "data/train.jsonl"), "binary is a binary file", 1),
        (("diff", "loose.jsonl"), "no fine-tune in this project trains on loose.jsonl", 1),
        (("diff", "triage", "--against", "nix"), "git has no commit 'nix' here", 1),
        (("diff", "triage", "--against", "--output=x"), "git has no commit '--output=x' here", 1),
        (("diff", "a", "b", "c"), "name one fine-tune or file, or two files", 64),
        (("diff", "pointer", "binary", "--against", "x"), "--against takes one NAME or FILE", 64),
    ],
)
def test_bad_input_is_one_sentence(
    faulty: ProjectDirectory, arguments: tuple[str, ...], said: str, code: int
) -> None:
    faulty.write("pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    faulty.write("loose.jsonl", "{}\n")
    (faulty.root / "binary").write_bytes(b"ab\x00\x01\x02")
    assert faulty.ftops("data", *arguments) == code
    assert said in faulty.err
    assert faulty.err.count("\n") == 1
    if arguments[0] != "show":
        assert faulty.ftops("data", *arguments, "--format", "json") == code
        if code == 1:
            assert json.loads(faulty.out)["errors"]


def test_a_row_is_shown_as_a_conversation(faulty: ProjectDirectory) -> None:
    assert faulty.ftops("data", "show", "triage", "--row", "7") == 0
    assert faulty.out == (
        "row 7 (line 8, 452 B)\n"
        "  user\n    Where is order 8?\n"
        '  assistant\n    calls find({"id": 8}) [c1]\n'
        "  tool (tool_call_id c1)\n    Shipped.\n"
        "  assistant\n    Order 8 was shipped.\n"
        "  tools\n"
        '    [{"type": "function", "function": {"name": "find", "parameters": {"type": "object",\n'
        '    "properties": {"id": {"type": "integer"}}}}}]\n'
    )
    assert faulty.ftops("data", "show", "data/train.jsonl", "--head", "2") == 0
    assert faulty.out.startswith("row 1 (line 1, ")
    assert "row 2 (line 3, 140 B)\n  ends with a comma\n" in faulty.out


def test_a_row_that_is_nested_too_deeply_is_not_written_out(project: ProjectDirectory) -> None:
    deep = "[" * 1000 + "]" * 1000
    calls = f'[{{"function": {{"name": "f", "arguments": {deep}}}}}]'
    project.write(
        "data/train.jsonl", f'{{"a": {deep}}}\n{{"messages": [{{"role": "a", "tool_calls": {calls}}}]}}\n'
    )
    assert project.ftops("data", "show", "data/train.jsonl") == 0
    assert project.out.count("(nested too deeply to be shown)") == 2


@pytest.mark.parametrize("word", ["data/link.jsonl", "folder/rows.jsonl", ".git/config"])
def test_in_ci_a_file_of_the_project_leads_nowhere_else(
    project: ProjectDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "rows.jsonl").write_text('{"secret": 1}\n')
    (project.root / "data/link.jsonl").symlink_to(outside / "rows.jsonl")
    (project.root / "folder").symlink_to(outside)
    project.write(".git/config", "secret\n")
    monkeypatch.setenv("CI", "true")
    for command in (("show",), ("check",), ("diff", str(outside / "rows.jsonl"))):
        assert project.ftops("data", *command, word) == 3
        assert f"{word} lies outside the project" in project.err
        assert "secret" not in project.out
    # What is named outside was meant.
    assert project.ftops("data", "show", str(outside / "rows.jsonl")) == 0


def test_a_fine_tune_whose_file_was_left_out_is_not_called_valid(
    project: ProjectDirectory, tmp_path: Path
) -> None:
    project.manifest("sound")
    project.manifest("triage", "validation_file: {path: ../data/link.jsonl}")
    (project.root / "data/link.jsonl").symlink_to(tmp_path / "outside.jsonl")
    for command in (("check",), ("show",), ("diff", "--against", "HEAD")):
        assert project.ftops("data", *command, "triage") == 1
        assert "data/link.jsonl lies outside the project" in project.err
    assert project.ftops("data", "check", "sound") == 0


def test_what_a_row_says_cannot_steer_a_terminal(project: ProjectDirectory) -> None:
    content = "\x1b]0;owned\x07\x1b[2Jred\u202egnp"
    row = {
        "messages": [{"role": "\x1b[31muser", "content": content}, {"role": "assistant", "content": "a\nb"}]
    }
    project.write("data/train.jsonl", json.dumps(row) + "\n")
    assert project.ftops("data", "show", "data/train.jsonl") == 0
    assert not any(sign in project.out for sign in ("\x1b", "\x07", "\u202e"))
    assert "  assistant\n    a\n    b\n" in project.out
