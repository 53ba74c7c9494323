"""Every job of an account taken over at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from ftops.manifests.schema import schema_url
from tests.conftest import Emulator, ProjectDirectory

LEGACY = "openai_legacy"
DAY = 86_400
FILES = ("training_file", "validation_file")


def seed(emulator: Emulator, *jobs: Mapping[str, Any], family: str = "openai", age: float = DAY) -> list[str]:
    """Make jobs that exist already, a second apart."""
    root = emulator.base_url.removesuffix("/v1")
    body = {"family": family, "age": age, "jobs": list(jobs)}
    answer = requests.post(f"{root}/_emulator/jobs", json=body, timeout=10)
    answer.raise_for_status()
    made: list[str] = answer.json()["ids"]
    return made


def jobs_of_a_team(count: int) -> list[dict[str, Any]]:
    """Jobs as a team leaves them in two years: same suffixes, no suffixes, failures, odd letters."""
    statuses = ("succeeded", "succeeded", "succeeded", "running", "queued", "failed", "cancelled", "paused")
    return [
        {
            "status": statuses[number % len(statuses)],
            "suffix": (None, "triage", "Ärger & Lob", "триаж", "x" * 64)[number % 5],
            "training_file": f"file-{number}",
            "validation_file": f"file-v{number}" if number % 3 == 0 else None,
            "hyperparameters": {"n_epochs": 1 + number % 4} if number % 2 else {},
            "seed": number,
        }
        for number in range(count)
    ]


def with_files(emulator: Emulator, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Upload the jobs' files: the founding format shows none that the provider does not have."""
    rows = "".join(json.dumps({"prompt": f"q{n} ->", "completion": f" a{n}"}) + "\n" for n in range(12))

    def uploaded() -> str:
        answer = requests.post(
            f"{emulator.base_url}/files",
            files={"file": ("x.jsonl", rows)},
            data={"purpose": "fine-tune"},
            headers={"Authorization": "Bearer sk-test"},
            timeout=10,
        )
        answer.raise_for_status()
        file_id: str = answer.json()["id"]
        return file_id

    return [{**job, **{role: uploaded() for role in FILES if job.get(role)}} for job in jobs]


def manifests(project: ProjectDirectory) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((project.root / "jobs").iterdir())}


@pytest.mark.parametrize("family", ["openai", LEGACY])
def test_fifty_jobs_plan_to_no_change(project: ProjectDirectory, emulator: Emulator, family: str) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("dialect: openai,", f"dialect: {family},"))
    jobs = jobs_of_a_team(50)
    if family == LEGACY:
        jobs = [{**job, "seed": None, "status": job["status"].replace("paused", "running")} for job in jobs]
        jobs = with_files(emulator, jobs)
    seed(emulator, *jobs, family=family)
    assert project.ftops("import", "--all", "--yes") == 0, project.err
    written = manifests(project)
    assert len(written) == sum(job["status"] not in ("failed", "cancelled") for job in jobs)
    assert "6 failed" in project.out
    assert project.ftops("plan", "--detailed-exitcode") == 0
    assert project.ftops("validate") == 0
    assert project.ftops("status", "--format", "json") == 0
    assert {row["status"] for row in json.loads(project.out)["fine_tunes"]} >= {"succeeded", "running"}
    # A second time there is nothing left to do.
    state = (project.root / ".ftops/state.json").read_bytes()
    assert project.ftops("import", "--all", "--yes") == 0
    assert "with a manifest each: 0 jobs" in project.out
    assert manifests(project) == written
    assert (project.root / ".ftops/state.json").read_bytes() == state


def test_a_manifest_says_which_job_it_is_and_what_it_leaves_out(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    (job_id,) = seed(
        emulator, {"suffix": "triage", "metadata": {"team": "x\ny"}, "hyperparameters": {"n_epochs": 3}}
    )
    assert project.ftops("import", "--all", "--yes") == 0
    schema, about, left_out, *rest = manifests(project)["triage.yaml"].splitlines()
    assert schema == f"# yaml-language-server: $schema={schema_url('finetune')}"
    assert about.startswith(f"# imported: job {job_id}, succeeded, created 20")
    assert about.endswith(f"model ft:gpt-4o-mini-2024-07-18:emulator:triage:{job_id[-8:]}")
    assert left_out == ('# left out: metadata {"team":"x\\ny"}: openai takes no such field in a manifest')
    assert rest[0] == "apiVersion: ftops/v1"
    assert "    left out, because a manifest may not ask for it: metadata" in project.out


def test_of_equal_trainings_the_newest_model_is_taken(project: ProjectDirectory, emulator: Emulator) -> None:
    same = {"suffix": "triage", "training_file": "file-1", "seed": 1, "hyperparameters": {"n_epochs": 2}}
    old, new, running = seed(emulator, same, same, {**same, "status": "running"})
    assert project.ftops("import", "--all", "--yes") == 0
    (text,) = manifests(project).values()
    assert f"imported: {new}" in text
    assert f"# the same training: job {old}, succeeded, model ft:" in text
    assert f"# the same training: job {running}, running" in text
    assert f"2 the same training as {new}: {old}, {running}" in project.out
    assert project.ftops("import", "--all", "--yes") == 0
    assert f"2 the same training as triage: {old}, {running}" in project.out
    assert project.ftops("plan", "--detailed-exitcode") == 0


def test_names_are_free_and_no_file_is_written_over(project: ProjectDirectory, emulator: Emulator) -> None:
    project.write("jobs/triage.yaml", "# notes of mine\n")
    spec = "spec: {model: m, training_file: file-x, lifecycle: {suspend: true}}"
    other = f"apiVersion: ftops/v1\nkind: FineTune\nmetadata: {{name: triage-2}}\n{spec}\n"
    project.write("jobs/other.yaml", other)
    seed(emulator, *({"suffix": "Triage!", "training_file": f"file-{n}"} for n in range(2)))
    assert project.ftops("import", "--all", "--yes") == 0
    assert sorted(manifests(project)) == ["other.yaml", "triage-3.yaml", "triage-4.yaml", "triage.yaml"]
    assert manifests(project)["triage.yaml"] == "# notes of mine\n"


def test_a_dry_run_and_a_no_write_nothing(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(emulator, {"suffix": "triage"})
    assert project.ftops("import", "--all", "--dry-run") == 0
    assert "jobs/triage.yaml" in project.out
    assert project.ftops("import", "--all") == 64
    assert manifests(project) == {}
    assert not (project.root / ".ftops/state.json").exists()


def test_since_and_provider_narrow_it(project: ProjectDirectory, emulator: Emulator) -> None:
    seed(emulator, {"suffix": "new", "training_file": "file-1"}, age=DAY)
    seed(emulator, {"suffix": "old", "training_file": "file-2"}, age=40 * DAY)
    assert project.ftops("import", "--all", "--provider", "lokal", "--yes") == 64
    assert "local" in project.err
    assert project.ftops("import", "--all", "--since", "soon", "--yes") == 64
    assert project.ftops("import", "--all", "--since", "30d", "--provider", "local", "--yes") == 0
    assert sorted(manifests(project)) == ["new.yaml"]
    assert "1 older than --since" in project.out
    assert project.ftops("import", "--all", "--since", "2020-01-31", "--yes") == 0
    assert sorted(manifests(project)) == ["new.yaml", "old.yaml"]


@pytest.mark.parametrize(
    "arguments",
    [(), ("a",), ("a", "ftjob-1", "--all"), ("a", "ftjob-1", "--yes"), ("a", "x", "--since", "1d")],
)
def test_one_job_or_all_of_them(project: ProjectDirectory, arguments: tuple[str, ...]) -> None:
    assert project.ftops("import", *arguments) == 64


def test_jobs_of_ftops_projects_are_left_to_them(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a", "suffix: mine")
    assert project.ftops("apply", "--yes") == 0
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("test-p1", "test-p2"))
    (project.root / ".ftops/state.json").unlink()
    (project.root / "jobs/a.yaml").unlink()
    assert project.ftops("import", "--all", "--yes") == 0
    assert "1 marked by the ftops project test-p1" in project.out
    project.write("ftops.yaml", text)
    seed(emulator, {"suffix": "b"})
    assert project.ftops("import", "--all", "--yes") == 4
    assert "ftops state rebuild" in project.err
    assert manifests(project) == {}


def test_a_job_that_could_be_a_declared_one_is_not_taken_from_it(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    (job_id,) = seed(emulator, {"training_file": "file-1", "seed": 5})
    project.write(
        "jobs/a.yaml",
        "apiVersion: ftops/v1\nkind: FineTune\nmetadata: {name: a}\n"
        "spec: {model: gpt-4o-mini, training_file: file-1}\n",
    )
    assert project.plan() == {"a": "hold lookalike"}
    assert project.ftops("import", "--all", "--yes") == 0
    assert f"1 could be the job of a: see `ftops plan`: {job_id}" in project.out
    assert project.plan() == {"a": "hold lookalike"}


def test_what_the_defaults_would_forbid_is_named(project: ProjectDirectory, emulator: Emulator) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", f"{text}  defaults: {{hyperparameters: {{beta: 0.1}}}}\n")
    (job_id,) = seed(emulator, {"suffix": "triage"})
    assert project.ftops("import", "--all", "--yes") == 0
    assert "beta" in project.out
    assert job_id in project.out
    assert manifests(project) == {}


def test_a_list_that_is_not_whole_takes_over_nothing(project: ProjectDirectory, emulator: Emulator) -> None:
    seed(emulator, {"suffix": "triage"})
    emulator.fault("truncate_list", "list")
    emulator.fault("status", "list", status=500, times=20)
    assert project.ftops("import", "--all", "--yes") == 4
    assert manifests(project) == {}


@pytest.mark.parametrize("family", ["openai", LEGACY])
def test_a_run_killed_between_manifests_and_state_pays_nothing_and_is_finished_by_the_next(
    project: ProjectDirectory, emulator: Emulator, family: str
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("dialect: openai,", f"dialect: {family},"))
    wanted: list[dict[str, Any]] = [{"suffix": "triage", "training_file": f"file-{n}"} for n in range(5)]
    jobs = seed(emulator, *with_files(emulator, wanted), family=family)
    assert project.ftops("import", "--all", "--yes") == 0
    whole = manifests(project)
    # What such a run leaves: some manifests, and no state.
    (project.root / ".ftops/state.json").unlink()
    (project.root / "jobs" / list(whole)[-1]).unlink()
    assert set(project.plan().values()) == {"hold lookalike"}
    assert project.ftops("apply", "--yes") == 4
    assert emulator.jobs(family) == len(jobs)
    assert project.ftops("import", "--all", "--yes") == 0
    assert project.out.count("(written before)") == 4
    assert manifests(project) == whole
    assert project.ftops("plan", "--detailed-exitcode") == 0


def test_killed_at_any_instant_it_is_finished_by_the_next(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    seed(emulator, *({"suffix": f"s{n}", "training_file": f"file-{n}"} for n in range(30)))
    (project.root / "jobs").rmdir()
    text = (project.root / "ftops.yaml").read_text()
    project.write(
        "ftops.yaml", text.replace("  default_provider", "  manifests: [jobs/]\n  default_provider")
    )
    for wanted in (1, 11, 21):
        run = _start(project.root)
        _wait_for(project.root / "jobs", wanted, run)
        run.send_signal(signal.SIGKILL)
        run.wait()
        for code in (project.ftops("plan"), project.ftops("apply", "--yes", "--allow-empty")):
            assert code in (0, 1, 4)
        assert emulator.jobs() == 30
    assert project.ftops("import", "--all", "--yes") == 0
    assert len([name for name in manifests(project) if not name.startswith(".")]) == 30
    assert project.ftops("plan", "--detailed-exitcode") == 0


def _start(root: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ftops", "-C", str(root), "import", "--all", "--yes"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)


def _wait_for(folder: Path, count: int, run: subprocess.Popen[bytes]) -> None:
    """Wait until so many manifests are there, or the run has ended."""
    while run.poll() is None and len(list(folder.glob("*.yaml"))) < count:
        time.sleep(0)
