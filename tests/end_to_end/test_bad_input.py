"""Whatever is wrong, it is said in a sentence with its place; nothing is created and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Emulator, ProjectDirectory

MANIFEST = "apiVersion: ftops/v1\nkind: FineTune\nmetadata: {name: a}\nspec:\n"
GOOD = MANIFEST + "  model: gpt-4o-mini\n  training_file: {path: ../data/train.jsonl}\n"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (GOOD + "  x: [", "jobs/a.yaml:7:6", "opens a [ that is not closed"),
        (GOOD + "  sufix: b\n", "jobs/a.yaml:7:3: spec.sufix", "did you mean 'suffix'?"),
        (GOOD + "  seed: x\n", "jobs/a.yaml:7:9: spec.seed", "must be a whole number, not the string 'x'"),
        (GOOD + "  suffix: 123e4\n", "jobs/a.yaml:7:11: spec.suffix", "quote it"),
        (GOOD + "  seed: 1\n  seed: 2\n", "jobs/a.yaml:8:3", "the key 'seed' twice"),
        (GOOD + "  provider: locl\n", "jobs/a.yaml:7:13: spec.provider", "did you mean 'local'?"),
        (
            GOOD + "  hyperparameters: {n_epoch: 3}\n",
            "spec.hyperparameters.n_epoch",
            "did you mean 'n_epochs'?",
        ),
        (GOOD + "  hyperparameters: {n_epochs: 99}\n", "spec.hyperparameters.n_epochs", "at most 50"),
        (GOOD + "  provider_options: {x: 1}\n", "spec.provider_options.x", "openai has no field 'x'"),
        (GOOD + f"  suffix: {'s' * 65}\n", "spec.suffix", "at most 64"),
        (GOOD.replace("../data", "../../../etc"), "spec.training_file.path", "outside the project"),
        (
            MANIFEST + "  model: m\n  training_file: train.jsonl\n",
            "spec.training_file",
            "{path: train.jsonl}",
        ),
        (GOOD.replace("gpt-4o-mini", "{from: b}"), "spec.model.from", "no fine-tune is named 'b'"),
        (GOOD.replace("gpt-4o-mini", "{from: a}"), "spec.model.from", "a -> a"),
        (MANIFEST + "  model: m\n", "jobs/a.yaml", "'training_file' is missing"),
        (GOOD + "  seed: !!python/object:os.system {}\n", "jobs/a.yaml:7", "not supported"),
    ],
)
def test_a_wrong_manifest_is_told_with_its_place(
    project: ProjectDirectory, emulator: Emulator, text: str, place: str, words: str
) -> None:
    project.write("jobs/a.yaml", text)
    assert project.ftops("apply", "--yes") == 1
    assert place in project.err
    assert words in project.err
    assert "Traceback" not in project.err
    assert emulator.requests("list") == 0


def test_all_problems_of_all_files_are_told_at_once(project: ProjectDirectory) -> None:
    project.write("jobs/a.yaml", GOOD + "  sufix: b\n  sed: 1\n")
    project.write("jobs/b.yaml", GOOD.replace("name: a", "name: b").replace("gpt-4o-mini", "{from: x}"))
    project.manifest("c")
    project.write("jobs/d.yaml", (project.root / "jobs/c.yaml").read_text())
    project.write("data/train.jsonl", '{"messages": [{"role": "boss", "content": "x"}]}\n{oops\n')
    assert project.ftops("validate") == 1
    for words in (
        "sufix",
        "'sed'",
        "named 'x'",
        "declared twice",
        "jobs/c.yaml:3",
        "'boss'",
        "train.jsonl:2",
    ):
        assert words in project.err


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "has no examples"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
        ('{"prompt": 1, "completion": "x"}\n', "takes chat rows"),
        ('{"messages": [{"role": "user", "content": "x"}]}\n', "no assistant message"),
        ("{}\n[1]\n", "not a JSON object"),
    ],
)
def test_wrong_data_is_told_with_its_line(project: ProjectDirectory, data: str, words: str) -> None:
    project.manifest("a")
    project.write("data/train.jsonl", data)
    assert project.ftops("plan") == 1
    assert "data/train.jsonl" in project.err
    assert words in project.err


def test_a_missing_and_an_empty_variable_are_named_before_any_request(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.manifest("a")
    monkeypatch.setenv("FTOPS_TEST_KEY", "")
    assert project.ftops("plan") == 1
    assert "FTOPS_TEST_KEY is empty" in project.err
    monkeypatch.delenv("FTOPS_TEST_KEY")
    assert project.ftops("plan") == 1
    assert "FTOPS_TEST_KEY is not set" in project.err
    assert emulator.requests("list") == 0


def test_a_literal_key_is_refused_and_not_echoed(project: ProjectDirectory) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("{env: FTOPS_TEST_KEY}", "sk-very-secret"))
    assert project.ftops("plan") == 1
    assert "must be a reference" in project.err
    assert "very-secret" not in project.err


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("http://127.0.0.1:1/v1", 1, "cannot reach 127.0.0.1"),
        ("nonsense", 1, "not an http(s) address"),
        ("http://localhost:99999/v1", 1, "not an http(s) address"),
    ],
)
def test_a_server_that_is_not_there_is_said(
    project: ProjectDirectory, url: str, code: int, words: str
) -> None:
    project.manifest("a")
    lines = (project.root / "ftops.yaml").read_text().splitlines()
    lines[-1] = f"    local: {{dialect: openai, base_url: '{url}', api_key: {{env: FTOPS_TEST_KEY}}}}"
    project.write("ftops.yaml", "\n".join(lines) + "\n")
    assert project.ftops("plan") == code
    assert words in project.err


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("status", {"status": 401, "message": "Incorrect API key provided."}, "Incorrect API key provided."),
        ("html", {}, "HTML page"),
        ("truncate", {"times": 4}, "broke"),
        ("status", {"status": 500, "times": 4}, "500"),
    ],
)
def test_a_list_that_cannot_be_read_is_an_error_in_one_sentence(
    project: ProjectDirectory, emulator: Emulator, kind: str, options: dict[str, object], words: str
) -> None:
    project.manifest("a")
    emulator.fault(kind, "list", **options)
    assert project.ftops("plan") == 1
    assert words in project.err
    assert len(project.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:-20], "not valid JSON"),
        (lambda text: text.replace('"format_version": 1', '"format_version": 9'), "newer ftops"),
        (lambda text: text.replace('"test-p1"', '"other"'), "belongs to project other"),
        (lambda text: text.replace('"attempt": 1', '"attempt": "x"'), "is damaged or was edited"),
    ],
)
def test_a_state_that_is_not_ours_is_refused_and_left_alone(
    project: ProjectDirectory, change: Callable[[str], str], words: str
) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    state = project.root / ".ftops/state.json"
    broken = change(state.read_text())
    state.write_text(broken)
    assert project.ftops("apply", "--yes") == 1
    assert words in project.err
    assert state.read_text() == broken


def test_a_state_in_a_place_that_is_no_directory_is_said(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.write(".ftops", "a file")
    assert project.ftops("apply", "--yes") == 1
    assert "cannot lock the state" in project.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("plan", "--format", "xml"),
        ("plan", "--allow", "x=1"),
        ("apply",),
        ("plan", "--target", "x"),
    ],
)
def test_wrong_usage_is_64(project: ProjectDirectory, arguments: tuple[str, ...]) -> None:
    assert project.ftops(*arguments) == 64
    assert project.err.startswith("Error: ")


def test_a_json_document_is_written_on_failure_too(project: ProjectDirectory) -> None:
    project.write("jobs/a.yaml", GOOD + "  sufix: b\n")
    assert project.ftops("plan", "--format", "json") == 1
    document = json.loads(project.out)
    assert document["applicable"] is False
    assert document["errors"][0]["file"] == "jobs/a.yaml"
    assert document["errors"][0]["line"] == 7


@pytest.mark.parametrize("pattern", ["/etc", "../other/*.yaml", "no-such-folder"])
def test_manifests_outside_the_project_are_refused(project: ProjectDirectory, pattern: str) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("spec:\n", f"spec:\n  manifests: ['{pattern}']\n"))
    assert project.ftops("plan") == 1
    assert pattern in project.err


def test_a_directory_without_a_project_says_how_to_make_one(
    tmp_path: Path, project: ProjectDirectory
) -> None:
    empty = ProjectDirectory(tmp_path / "empty", project.capsys)
    empty.root.mkdir()
    assert empty.ftops("plan") == 1
    assert "ftops init" in empty.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plna",), "no command is named 'plna' (did you mean 'plan'?)"),
        (("frobnicate",), "no command is named 'frobnicate' (see `ftops --help`)"),
        (("state", "rebiuld"), "no command is named 'rebiuld' (did you mean 'rebuild'?)"),
        # click's own words, which differ from version to version.
        (("plan", "--targt", "a"), "--target"),
        (("plan", "--target", "hllo"), "no fine-tune is named hllo (did you mean 'hello'?)"),
        (("status", "hllo"), "no fine-tune is named hllo (did you mean 'hello'?)"),
        (("outputs", "hllo"), "no fine-tune is named hllo (did you mean 'hello'?)"),
        (("cancel", "hllo", "--yes"), "did you mean 'hello'?"),
        (("resolve", "hllo", "--retry"), "did you mean 'hello'?"),
        (("events", "hllo"), "did you mean 'hello'?"),
        (("metrics", "hllo"), "did you mean 'hello'?"),
        (("state", "show", "hllo"), "the state has no record of hllo (did you mean 'hello'?)"),
        (("state", "rm", "hllo", "--yes"), "did you mean 'hello'?"),
    ],
)
def test_a_misspelt_word_is_answered_with_the_one_that_was_meant(
    project: ProjectDirectory, arguments: tuple[str, ...], words: str
) -> None:
    project.manifest("hello")
    assert project.ftops("apply", "--yes") == 0
    assert project.ftops(*arguments) == 64
    assert words in project.err


def test_labels_that_choose_nothing_are_said(project: ProjectDirectory) -> None:
    project.manifest("a", labels="{team: support}")
    assert project.ftops("plan", "--selector", "team=suport") == 0
    assert "no fine-tune has the label team=suport: there are team=support" in project.out
