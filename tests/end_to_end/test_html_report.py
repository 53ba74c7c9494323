"""`--format html` as it is typed: of a plan, of a saved one, through a pipe without UTF-8, in a CI run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ProjectDirectory
from tests.unit.report.html_file import HTMLFile


def test_a_plan_and_the_same_plan_saved_are_one_file(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "812")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/tunes")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    project.manifest("house-voice", "hyperparameters: {n_epochs: 3}")
    assert project.ftops("plan", "--out", "plan.json", "--format", "html") == 0
    file = HTMLFile(project.out)
    assert file.one("h1").text == "Trains 1 model; what it costs is unknown"
    assert "house-voicejobs/house-voice.yaml:3" in [each.text for each in file.every("th")]
    assert file.one("a").attributes["href"] == "https://github.com/acme/tunes/actions/runs/812"
    assert len(file.every("time")) == 1
    project.ftops("show", "plan.json", "--format", "html")
    shown = HTMLFile(project.out)
    assert shown.one("main").text == file.one("main").text
    assert shown.one("footer").text == file.one("footer").text
    # When it was made is not kept in a plan.
    assert shown.every("time") == []


def test_a_plan_that_cannot_be_made_is_a_file_that_says_why(project: ProjectDirectory) -> None:
    project.manifest("a", "n_epoch: 3")
    assert project.ftops("plan", "--format", "html") == 1
    file = HTMLFile(project.out)
    assert file.one("h1").text == "Cannot be planned; 1 error in 1 file"
    (error,) = (each.text for each in file.every("li"))
    assert "n_epoch" in error
    assert error.endswith(" jobs/a.yaml:7")
    assert "jobs/a.yaml:7" in project.err


def test_an_output_without_utf_8_gets_references(project: ProjectDirectory) -> None:
    project.manifest("a")
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "ftops", "-C", str(project.root), "plan", "--format", "html"]
    done = subprocess.run(command, env=environ, capture_output=True, check=True)
    assert done.stdout.isascii()
    file = HTMLFile(done.stdout.decode())
    assert "a" in [each.text[:1] for each in file.every("th")]
    assert "·" in file.one("header").text
