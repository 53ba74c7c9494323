"""`ftops comment` as a workflow runs it, and without the program around it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ftops.api.commenting import Done, Wish, comment_on
from ftops.api.surroundings import Surroundings
from ftops.cli.main import run
from ftops.forge.settling import Outcome
from tests.forge.stage import Stage

MARKER = "<!-- ftops:plan project=test-p1 -->"


class Command:
    """`ftops comment` in an empty directory, as a workflow runs it."""

    def __init__(
        self, stage: Stage, plan: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.stage, self.plan, self._capsys = stage, plan, capsys
        for name in [one for one in os.environ if one.startswith(("GITHUB_", "GITLAB_", "CI"))]:
            monkeypatch.delenv(name)
        for name, value in stage.environ().items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(plan.parent)

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        where = f"--{self.stage.kind}"
        code = run(["comment", "--plan", self.plan.name, where, *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    @property
    def bodies(self) -> list[str]:
        return [one.body for one in self.stage.world.on(7)]


def commented(command: Command, *only_if: str, number: int | None = 7) -> Done:
    """The same without the program around it, so that no time passes."""
    root = command.plan.parent
    wish = Wish(command.plan, command.stage.kind, number, only_if=only_if)
    return comment_on(wish, root, Surroundings(command.stage.environ()), command.stage.waits.clock())


def outcome(done: Done) -> Outcome:
    assert done.commented.settled is not None
    return done.commented.settled.outcome
