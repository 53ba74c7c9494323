"""What a plan costs, typed by hand: known, refused, allowed, unknown."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import jsonschema
import pytest

from ftops.datasets.yardstick import counter
from ftops.manifests.schema import schema_text
from tests.conftest import Emulator, ProjectDirectory

PRICE = "  prices: {local: {gpt-4o-mini: {training_per_million_tokens: 30000}}}\n"


def priced(project: ProjectDirectory, limit: str = "null", epochs: str = "3") -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text + PRICE + f"  limits: {{max_cost: {limit}}}\n")
    project.manifest("a", f"hyperparameters: {{n_epochs: {epochs}}}")


def test_a_known_cost_is_shown_and_its_limit_refuses_and_is_lifted(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    # Each of the 12 rows has two messages: 2 x 3 around them, 3 around the row, role and two signs each.
    priced(project, limit="5")
    assert project.ftops("plan") == 3
    assert "Costs $16.20." in project.out
    assert "--allow cost=16.2" in project.out
    assert project.ftops("apply", "--yes") == 3
    assert emulator.jobs() == 0
    hint = next(word for word in project.out.split() if word.startswith("cost="))
    assert project.ftops("apply", "--yes", "--allow", hint) == 0
    assert emulator.jobs() == 1
    assert project.ftops("plan") == 0


def test_automatic_epochs_are_a_range(project: ProjectDirectory) -> None:
    priced(project, epochs="auto")
    assert project.ftops("plan") == 0
    assert "Costs $5.40 to $135.00." in project.out


def test_without_the_extra_the_cost_is_a_wide_range_that_says_so(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rs_bpe", None)
    counter.cache_clear()
    priced(project, limit="5")
    assert project.ftops("plan") == 3
    assert "About $12.78 to $28.80." in project.out
    said = " ".join(project.out.split())
    assert said.count("estimated from the characters: run pip install 'ftops[tokens]' to count them") == 1


def test_what_cannot_be_counted_is_unknown(project: ProjectDirectory) -> None:
    priced(project)
    image = {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}
    row = {"messages": [{"role": "user", "content": [image]}, {"role": "assistant", "content": "a"}]}
    project.write("data/train.jsonl", (json.dumps(row) + "\n") * 12)
    assert project.ftops("plan") == 0
    assert "it has images, and it is not known how many tokens they are" in " ".join(project.out.split())
    assert project.out.endswith("Cost unknown.\n")


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_a_failure_writes_one_valid_document_that_names_the_project(
    project: ProjectDirectory, emulator: Emulator, command: tuple[str, ...]
) -> None:
    project.write("jobs/b.yaml", "oops: [")
    assert project.ftops(*command, "--format", "json") == 1
    document = json.loads(project.out)
    jsonschema.Draft7Validator(json.loads(schema_text("plan"))).validate(document)
    assert (document["project"], document["errors"][0]["file"]) == ("test-p1", "jobs/b.yaml")


def test_an_apply_that_fails_after_its_first_round_still_writes_one_document(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    code = project.ftops("apply", "--yes", "--wait", "--timeout", "0s", "--format", "json")
    document = json.loads(project.out)
    jsonschema.Draft7Validator(json.loads(schema_text("plan"))).validate(document)
    assert code == 4
    assert document["applied"]["done"] == 1
    assert document["errors"]


def test_errors_of_strangers_cannot_steer_the_terminal(project: ProjectDirectory) -> None:
    assert project.ftops("plan", "--target", "\x1b[2Jx\u202e") == 64
    assert "\x1b" not in project.err
    assert "\u202e" not in project.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_utf_8_gets_every_text_and_readable_json(
    project: ProjectDirectory, encoding: str
) -> None:
    project.manifest("a", labels="{team: 日本}")
    for form in ("text", "json", "markdown"):
        done = subprocess.run(
            [sys.executable, "-m", "ftops", "-C", str(project.root), "plan", "--format", form],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
            check=True,
        )
        assert done.stderr == b""
        if form == "json":
            assert json.loads(done.stdout)["changes"][0]["labels"] == {"team": "日本"}
