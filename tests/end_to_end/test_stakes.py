"""What a reviewer fears for: the model that stays, and the job that is lost."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import Emulator, ProjectDirectory


def changes(project: ProjectDirectory) -> dict[str, dict[str, Any]]:
    project.ftops("plan", "--format", "json")
    return {change["name"]: change for change in json.loads(project.out)["changes"]}


def test_a_replace_says_how_far_the_job_is_and_which_model_stays(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write(
        "ftops.yaml", f"{text}  prices:\n    local: {{gpt-4o-mini: {{training_per_million_tokens: 1000}}}}\n"
    )
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    assert project.ftops("apply", "--yes") == 0, project.err
    emulator.advance(100_000)
    assert project.ftops("apply", "--yes") == 0
    [kept] = changes(project).values()
    assert kept["action"] == "keep"
    assert "serves" not in kept
    project.manifest("a", "hyperparameters: {n_epochs: 4}")
    [waiting] = changes(project).values()
    assert waiting["serves"].startswith("ft:gpt-4o-mini")
    assert "stopped" not in waiting
    assert project.ftops("apply", "--yes") == 0
    project.manifest("a", "hyperparameters: {n_epochs: 5}")
    [replaced] = changes(project).values()
    while replaced["stopped"]["status"] == "pending":
        emulator.advance(20)
        [replaced] = changes(project).values()
    assert replaced["action"] == "replace"
    assert replaced["serves"] == waiting["serves"]
    stopped = replaced["stopped"]
    assert stopped["status"] == "running"
    # The emulator's clock is ahead of the one that progress is told by.
    assert stopped["progress"] is not None
    assert stopped["spent"]["about"]


def test_what_nobody_tells_is_left_open(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    (project.root / "jobs/a.yaml").unlink()
    project.ftops("plan", "--allow-empty", "--format", "json")
    [cancelled] = json.loads(project.out)["changes"]
    assert cancelled["action"] == "cancel"
    assert "serves" not in cancelled
    assert cancelled["stopped"]["status"] == "pending"
