"""`ftops validate`: what is wrong, what may be, and the figures; as text and as a document."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from ftops.manifests.schema import schema_text
from ftops.model.json_value import JSON
from tests.conftest import ROWS, Emulator, ProjectDirectory


def write_rows(project: ProjectDirectory, rows: list[Any], ends: str = "\n") -> None:
    text = "".join(json.dumps(row) + ends for row in rows)
    (project.root / "data/train.jsonl").write_bytes(text.encode())


def document(project: ProjectDirectory, *options: str) -> tuple[int, dict[str, Any]]:
    code = project.ftops("validate", "--format", "json", *options)
    found: dict[str, JSON] = json.loads(project.out)
    jsonschema.Draft7Validator(json.loads(schema_text("validate"))).validate(found)
    return code, found


def test_figures_are_told_and_everything_is_valid(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("validate") == 0
    assert project.out == (
        "data/train.jsonl: 12 examples; 1.1 KiB; messages: 12 assistant, 12 user\n"
        "1 fine-tune and 1 data file: all valid.\n"
    )
    assert project.ftops("validate", "--tokens") == 0
    assert "12 examples; 1.1 KiB; 180 tokens; messages" in project.out


def test_a_warning_is_said_and_stops_nothing(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    rows = [*ROWS, {"messages": [*ROWS[0]["messages"], {"role": "user", "content": "And?"}]}, ROWS[3]]
    write_rows(project, rows)
    assert project.ftops("validate") == 0
    assert project.out == (
        "data/train.jsonl: 14 examples; 1.3 KiB; messages: 14 assistant, 15 user\n"
        "  warning: line 13, column 90: ends with a message of the user, not of the assistant\n"
        "  warning: line 14: repeats an earlier row (what is there twice counts twice)\n"
        "1 fine-tune and 1 data file: all valid, with 2 warnings.\n"
    )
    assert project.ftops("doctor") == 0
    assert "repeats an earlier row" in project.out
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


def test_each_kind_is_an_error_with_its_place_and_count(project: ProjectDirectory) -> None:
    project.manifest("a")
    broken = {"messages": [{"role": "User", "content": "q"}, {"role": "assistant", "content": "a"}]}
    write_rows(project, [broken] * 20 + [{"messages": [{"role": "user", "content": "q"}]}])
    assert project.ftops("validate") == 1
    assert "data/train.jsonl: 21 examples" in project.out
    assert "all valid" not in project.out
    first, second = project.err.splitlines()
    assert first.startswith("Error: data/train.jsonl:1:24: message 1 has the role 'User'; known are system,")
    assert first.endswith("; and 19 more lines: 2, 3, 4, 5, 6, 7, 8, 9, 10, ...")
    assert second == "Error: data/train.jsonl:21:14: has no assistant message to learn from"


def test_the_document_says_it_all(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.manifest("b", "validation_file: {path: ../data/train.jsonl}")
    write_rows(project, [*ROWS, {"messages": [{"role": "assistant", "content": "a", "weight": 3}]}])
    code, found = document(project)
    assert code == 1
    assert found["valid"] is False
    (file,) = found["files"]
    assert (file["examples"], file["tokens"], file["statistics"]["roles"]["user"]) == (13, None, 12)
    assert [
        (one["kind"], one["severity"], one["count"], one["lines"], one["fine_tunes"])
        for one in file["findings"]
    ] == [
        ("weight", "error", 1, [13], ["a", "b"]),
        ("same-as-validation", "warning", 0, [], ["b"]),
    ]
    (error,) = found["errors"]
    assert (error["file"], error["line"]) == ("data/train.jsonl", 13)
    assert [(one["name"], one["data_errors"], one["data_warnings"]) for one in found["fine_tunes"]] == [
        ("a", 1, 0),
        ("b", 1, 1),
    ]


def test_a_document_has_its_shape_whatever_is_wrong(project: ProjectDirectory) -> None:
    assert document(project)[1]["valid"] is True
    project.write("jobs/a.yaml", "oops: [")
    code, found = document(project)
    assert (code, found["valid"]) == (1, False)
    assert found["errors"][0]["file"] == "jobs/a.yaml"
    project.write("ftops.yaml", "kind: Nothing\n")
    code, found = document(project)
    assert (code, found["project"], found["fine_tunes"], found["files"]) == (1, None, [], [])


def test_tokens_are_counted_on_request_and_only_of_right_files(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert document(project, "--tokens")[1]["files"][0]["tokens"] == {
        "low": 180,
        "high": 180,
        "exact": True,
        "because": [],
    }
    write_rows(project, [*ROWS, {"messages": []}])
    assert document(project, "--tokens")[1]["files"][0]["tokens"] is None


@pytest.mark.parametrize("ends", ["\r\n", "\n\n", " \n"])
def test_other_line_ends_never_train_again(project: ProjectDirectory, emulator: Emulator, ends: str) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(100_000)
    write_rows(project, ROWS, ends)
    assert project.plan() == {"a": "keep succeeded"}
    write_rows(project, ROWS[::-1], ends)
    assert project.plan() == {"a": "create changed"}
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 2


def test_a_saved_plan_holds_the_bytes_that_it_was_made_of(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("plan", "--out", "p.plan") == 0
    write_rows(project, ROWS, "\r\n")
    assert project.ftops("apply", "p.plan") == 4
    assert "data/train.jsonl" in project.err


def test_a_reinforcement_file_as_the_guide_has_it_is_trained_on(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    texts = "input: '{{sample.output_text}}', reference: '{{item.answer}}'"
    grader = f"{{type: string_check, name: g, operation: eq, {texts}}}"
    project.manifest("a", f"method: reinforcement\ngrader: {grader}", model="o4-mini")
    rows = [{"messages": [{"role": "user", "content": f"{n} + 1?"}], "answer": n + 1} for n in range(12)]
    write_rows(project, rows)
    assert project.ftops("validate") == 0
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 1


def test_init_keeps_the_line_ends_of_data(project: ProjectDirectory) -> None:
    assert project.ftops("init", "new") == 0
    assert (project.root / "new/.gitattributes").read_text() == "*.jsonl text eol=lf\n"
