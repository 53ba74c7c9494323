"""A plan as a workflow leaves it behind: annotations, the job summary, outputs; and why there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import ProjectDirectory


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with GitHub's files for a step."""
    folder = tmp_path / "step"
    folder.mkdir()
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(folder / name.lower()))
        (folder / name.lower()).touch()
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_REPOSITORY", "almhof/models")
    monkeypatch.setenv("GITHUB_RUN_ID", "812")
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    return folder


def limited(project: ProjectDirectory) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", f"{text}  limits: {{max_creates: 1}}\n")
    project.manifest("a", "suffix: a")
    project.manifest("b", "suffix: b")


def test_a_refused_plan_is_an_annotation_a_summary_and_outputs(project: ProjectDirectory, step: Path) -> None:
    limited(project)
    (step / "github_output").write_text("earlier=1")
    assert project.ftops("plan", "--format", "github") == 3
    (error, notice) = project.out.splitlines()
    assert error.startswith("::error title=ftops%3A max_creates::2 creates are more than")
    assert notice.startswith("::notice title=ftops%3A Apply will refuse this plan::blocked by 1 rule; ")
    summary = (step / "github_step_summary").read_text()
    assert summary.startswith("### \u26d4 ftops: blocked by 1 rule")
    assert "[run](https://github.com/almhof/models/actions/runs/812)" in summary
    assert (step / "github_output").read_text() == "earlier=1\nhas-changes=true\ncost=\nverdict=refused\n"


def test_what_does_not_load_is_said_on_the_pull_request_at_its_line(
    project: ProjectDirectory, step: Path
) -> None:
    subprocess.run(["git", "init", "-q", str(project.root.parent)], check=True)
    project.manifest("a", "sufix: a")
    assert project.ftops("plan", "--format", "github") == 1
    first = project.out.splitlines()[0]
    assert first.startswith(f"::error file={project.root.name}/jobs/a.yaml,line=")
    assert "cannot be planned; 1 error in 1 file" in (step / "github_step_summary").read_text()
    assert "verdict=not-loaded" in (step / "github_output").read_text()
    assert project.ftops("plan", "--format", "markdown") == 1
    assert project.out.startswith("<!-- ftops:plan project=test-p1 -->\n### \u26d4 ftops: cannot be planned")


def test_a_saved_plan_is_drawn_in_the_same_way(project: ProjectDirectory, step: Path) -> None:
    project.manifest("a")
    assert project.ftops("plan", "--format", "github", "--out", "saved.json") == 0
    planned = project.out
    assert project.ftops("show", "saved.json", "--format", "github") == 0
    assert project.out == planned
    first, second = (step / "github_step_summary").read_text().split("### ")[1:]
    assert first.partition("Plan `")[0] == second.partition("Plan `")[0]


def test_a_full_summary_gets_no_more_and_says_so(project: ProjectDirectory, step: Path) -> None:
    project.manifest("a")
    (step / "github_step_summary").write_text("x" * (1024 * 1024 - 2000))
    assert project.ftops("plan", "--format", "github") == 0
    assert "the job summary of this step is full" in project.err
    assert "has-changes=true" in (step / "github_output").read_text()


def test_a_file_that_cannot_be_appended_to_is_one_sentence(
    project: ProjectDirectory, step: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(step))
    project.manifest("a")
    assert project.ftops("plan", "--format", "github") == 1
    assert f"cannot append to {step}: Is a directory" in project.err


def test_outside_of_a_workflow_only_the_annotations_are_printed(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    project.manifest("a")
    assert project.ftops("plan", "--format", "github") == 0
    assert project.out.startswith("::notice title=ftops%3A Can be applied")
