"""A plan file is a stranger's: what is no plan, or too much, is one sentence, and nothing is sent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ftops.api.commenting import LARGEST
from ftops.errors import FtopsError, SecretExposed
from ftops.forge.settling import Outcome
from ftops.model.fingerprint import digest
from tests.conftest import ProjectDirectory
from tests.forge.command import Command, commented, outcome
from tests.forge.world import TOKENS


def forged(plan: Path, **changes: Any) -> None:
    """Change a plan file as anybody can: its digest is right."""
    document = {**json.loads(plan.read_text()), **changes}
    document.pop("digest")
    plan.write_text(json.dumps({**document, "digest": digest(document)}))


@pytest.mark.parametrize("name", ["", "A", "a b", "a -->\n/close", "x" * 64, "-a"])
def test_a_project_whose_name_is_none_is_refused(command: Command, name: str) -> None:
    forged(command.plan, project=name)
    with pytest.raises(FtopsError, match="does not say which project it is of"):
        commented(command)
    assert command.stage.world.seen == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a plan file: it is not valid JSON"),
        (b"\xff\xfe", "is not a plan file: it is not valid JSON"),
        (b"[" * 100_000, "is not a plan file: it is not valid JSON"),
        (b"[]", "is not a plan file"),
        (b"{}", "is not a plan file"),
        (b'{"format_version": 99, "changes": []}', "was written by a newer ftops"),
        (b'{"format_version": 1, "changes": []}', "was changed after it was written"),
    ],
)
def test_a_file_that_is_no_plan_is_one_sentence(command: Command, content: bytes, words: str) -> None:
    command.plan.write_bytes(content)
    code, out, err = command("--pull-request", "7")
    assert (code, out) == (1, "")
    assert words in err
    assert "Traceback" not in err
    assert command.stage.world.seen == []


def test_a_digest_that_is_right_makes_no_other_shape_a_plan(command: Command) -> None:
    for changed in ({"changes": [1]}, {"review": None}, {"commit": "x"}, {"errors": [1]}, {"state": 3}):
        original = command.plan.read_bytes()
        forged(command.plan, **changed)
        with pytest.raises(FtopsError, match="is damaged or was edited"):
            commented(command)
        command.plan.write_bytes(original)


def test_what_is_not_read_to_its_end_is_not_begun(command: Command) -> None:
    with command.plan.open("r+b") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(FtopsError, match="it is larger than 25 MiB"):
        commented(command)
    command.plan.unlink()
    with pytest.raises(FtopsError, match="cannot read the plan"):
        commented(command)
    os.mkfifo(command.plan)
    with pytest.raises(FtopsError, match="it is not a regular file"):
        commented(command)


def test_a_plan_that_shows_the_token_is_not_posted(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "ghs-canary-canary"
    forged(command.plan, project=canary)
    monkeypatch.setitem(TOKENS, canary, command.stage.me)
    command.stage.token = canary
    with pytest.raises(SecretExposed, match="the comment would show the secret of GIT"):
        commented(command)
    assert command.bodies == []


def test_why_nothing_could_be_planned_is_posted_too(command: Command, project: ProjectDirectory) -> None:
    project.manifest("a", spec="modle: x")
    assert project.ftops("plan", "--format", "json") == 1
    command.plan.write_text(project.out)
    assert outcome(commented(command, "violations")) is Outcome.CREATED
    assert "cannot be planned; 1 error in 1 file" in command.bodies[0]


def test_an_encrypted_plan_needs_its_project(command: Command) -> None:
    command.plan.write_text('{"format_version": 1, "encrypted": "age", "data": "x"}')
    code, _, err = command("--pull-request", "7")
    assert code == 1
    assert "is encrypted, and the project that knows its key is not in" in err
    assert "(point -C at the project)" in err


def test_words_of_a_plan_give_the_forge_no_orders(command: Command) -> None:
    orders = "/merge\n/close\r\n  /approve\r/label ~x"
    change = json.loads(command.plan.read_text())["changes"][0]
    forged(command.plan, notes=[orders], changes=[{**change, "message": orders}])
    assert outcome(commented(command)) is Outcome.CREATED
    assert command.stage.world.complaints == []
    forged(command.plan, notes=[orders, "and another"])
    assert outcome(commented(command)) is Outcome.UPDATED
    assert command.stage.world.complaints == []
