"""`plan --offline`: without a key, a network, or anything of the repository that runs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ftops.errors import ExitCode
from ftops.manifests.schema import schema_text
from tests.conftest import ROWS, Emulator, ProjectDirectory
from tests.repository import Repository

GUARDED = """
import sys

def guard(event, words):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "os.system", "os.exec"):
        raise SystemExit(f"GUARD {event} {words}")
    if event == "subprocess.Popen" and words[1][0] != "git":
        raise SystemExit(f"GUARD {event} {words[1]}")

sys.addaudithook(guard)
from ftops.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


def guarded(root: Path, *words: str) -> dict[str, Any]:
    """Plan in a process that ends as soon as it looks up a host, connects, or starts anything but git."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", GUARDED, "-C", str(root), "plan", "--offline", "--format", "json", *words],
        env={**kept, "CI": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "GUARD" not in done.stderr
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def planned(project: ProjectDirectory, *words: str) -> dict[str, Any]:
    assert project.ftops("plan", "--offline", "--format", "json", *words) == 0, project.err
    document: dict[str, Any] = json.loads(project.out)
    jsonschema.validate(document, json.loads(schema_text("plan")))
    assert document["offline"]
    assert not document["applicable"]
    return document


def actions(document: dict[str, Any]) -> dict[str, str]:
    return {change["name"]: f"{change['action']} {change['reason']}" for change in document["changes"]}


HOSTILE = """\
apiVersion: ftops/v1
kind: Project
metadata: {name: test-p1}
spec:
  default_provider: local
  state: {url: {exec: [touch, PROJECT/ran-state]}}
  encryption: {identity: {file: /etc/passwd}}
  providers:
    local:
      dialect: openai
      base_url: {exec: [touch, PROJECT/ran-url]}
      api_key: {exec: [touch, PROJECT/ran-key]}
      organization: {file: /etc/hostname}
      headers: {X: {env: HOME}}
    here: {dialect: openai, base_url: 'emulator:.ftops/e.db', api_key: {env: NOTHING}}
"""


def test_nothing_is_resolved_opened_or_run(project: ProjectDirectory) -> None:
    project.write("ftops.yaml", HOSTILE.replace("PROJECT", str(project.root)))
    project.manifest("a")
    project.manifest("b", "provider: here")
    project.manifest("c", model="{from: a}")
    Repository.init(project.root).commit()
    document = guarded(project.root, "--base", "HEAD", "--no-cache")
    assert actions(document) == {"a": "keep succeeded", "b": "keep succeeded", "c": "keep succeeded"}
    document = guarded(project.root, "--no-cache")
    assert actions(document)["a"] == "create new"
    assert not list(project.root.glob("ran-*"))
    assert not (project.root / ".ftops").exists()
    assert "/etc" not in json.dumps(document)


@pytest.fixture
def trained(project: ProjectDirectory, emulator: Emulator) -> Repository:
    made = Repository.init(project.root)
    project.write(".gitignore", ".ftops/\n*.plan\n*.state\n")
    project.manifest("base")
    project.manifest("child", model="{from: base}")
    made.commit(at=1_700_000_000)
    for _ in range(2):
        assert project.ftops("apply", "--yes") == 0
        emulator.advance(100_000)
    assert project.ftops("apply", "--yes") == 0
    return made


def test_the_last_known_state_says_what_is_there(
    project: ProjectDirectory, trained: Repository, emulator: Emulator
) -> None:
    before = emulator.requests("list")
    assert actions(planned(project)) == {"base": "keep succeeded", "child": "keep succeeded"}
    project.manifest("base", "seed: 1")
    document = planned(project)
    assert actions(document) == {"base": "create changed", "child": "wait waiting-for"}
    [base, child] = document["changes"]
    assert base["serves"].startswith("ft:")
    assert [one["path"] for one in base["differences"]] == ["seed"]
    assert base["estimated_cost"] is None or base["estimated_cost"]["high"] > 0
    assert child["then"]["action"] == "create"
    asked, seen = document["notes"][:2]
    assert asked.startswith("without asking a provider it is not known which jobs have started")
    assert seen.startswith("jobs are as the state in .ftops/state.json (serial ")
    assert emulator.requests("list") == before


def test_a_state_that_a_branch_brings_is_not_believed_in_ci(
    project: ProjectDirectory, trained: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    assert actions(planned(project))["base"] == "create new"
    assert actions(planned(project, "--state", ".ftops/state.json"))["base"] == "keep succeeded"


def test_a_state_can_be_given(project: ProjectDirectory, trained: Repository) -> None:
    assert project.ftops("state", "pull") == 0
    project.write("given.state", project.out)
    (project.root / ".ftops/state.json").unlink()
    assert actions(planned(project, "--state", "given.state"))["base"] == "keep succeeded"
    assert "given.state (serial" in project.out
    assert actions(planned(project))["base"] == "create new"
    assert "no state is known here: everything counts as not trained yet" in project.out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot read the state"),
        ("{", "given.state"),
        ('{"format_version": 1, "encryption": "age", "ciphertext": "x"}', "given.state"),
    ],
)
def test_a_state_that_cannot_be_read_is_told(project: ProjectDirectory, text: str | None, told: str) -> None:
    project.manifest("a")
    if text is not None:
        project.write("given.state", text)
    assert project.ftops("plan", "--offline", "--state", "given.state") == 1
    assert told in project.err
    assert "Traceback" not in project.err


def test_a_state_of_another_project_is_told(project: ProjectDirectory, trained: Repository) -> None:
    assert project.ftops("state", "pull") == 0
    project.write("given.state", project.out.replace("test-p1", "other"))
    assert project.ftops("plan", "--offline", "--state", "given.state") == 1
    assert "belongs to project other" in project.err


def test_a_running_job_would_be_replaced(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    project.manifest("a", "seed: 1")
    document = planned(project)
    assert actions(document) == {"a": "replace changed"}
    assert document["changes"][0]["stopped"] == {"status": "pending", "progress": None, "spent": None}


def test_without_a_state_the_base_counts_as_trained(project: ProjectDirectory, trained: Repository) -> None:
    (project.root / ".ftops/state.json").unlink()
    project.manifest("gone", "suffix: g")
    project.manifest("old", "suffix: o")
    trained.commit(at=1_700_000_060)
    trained.git("checkout", "-q", "-b", "work")
    project.manifest("base", "seed: 1")
    project.manifest("added", "suffix: a")
    (project.root / "jobs/gone.yaml").unlink()
    (project.root / "jobs/old.yaml").unlink()
    project.manifest("new", "suffix: o\nlifecycle: {renamed_from: old}")
    trained.commit(at=1_700_000_120)
    document = planned(project, "--base", "main")
    assert actions(document) == {
        "added": "create new",
        "base": "create changed",
        "child": "wait waiting-for",
        "gone": "forget removed",
        "new": "update renamed",
    }
    assert all(change["brought"] for change in document["changes"])
    assert document["notes"][1] == "no state is known here: what main declares counts as trained"
    assert "(unknown)" not in project.out
    assert all("serves" not in change for change in document["changes"])
    assert project.ftops("plan", "--offline", "--base", "main") == 0


def test_it_is_never_applied(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("plan", "--offline", "--out", "a.plan") == 0
    assert project.ftops("show", "a.plan") == 0
    assert project.ftops("apply", "a.plan", "--yes") == ExitCode.REFUSED
    assert "the plan was made offline" in project.err


def test_a_violation_is_refused_as_by_any_plan(project: ProjectDirectory) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", f"{text}  limits: {{max_creates: 1}}\n")
    project.manifest("a")
    project.manifest("b", "suffix: b")
    assert project.ftops("plan", "--offline") == ExitCode.REFUSED


def test_policies_judge_it(project: ProjectDirectory) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", f"{text}  policies: {{allowed_models: [gpt-4o]}}\n")
    project.manifest("a")
    assert project.ftops("plan", "--offline") == ExitCode.REFUSED
    assert "allowed_models" in project.out


def test_state_is_for_offline_alone(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("plan", "--state", "x") == ExitCode.USAGE
    assert "--state is for --offline" in project.err


def elsewhere(project: ProjectDirectory, name: str, place: str) -> None:
    project.manifest(name, f"suffix: {name}")
    path = project.root / f"jobs/{name}.yaml"
    text = path.read_text().replace("{path: ../data/train.jsonl}", f"{{url: {place}}}")
    path.write_text(text)


def test_data_stored_elsewhere_is_not_fetched_and_that_is_said(project: ProjectDirectory) -> None:
    content = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    digest = hashlib.sha256(content).hexdigest()
    elsewhere(project, "pinned", f"'https://data.example/p.jsonl', sha256: {digest}")
    elsewhere(project, "tagged", "'s3://bucket/t.jsonl', etag: abc")
    project.manifest("child", model="{from: tagged}")
    Repository.init(project.root).commit()
    document = guarded(project.root)
    assert actions(document) == {"pinned": "create new"}
    assert document["changes"][0]["estimated_cost"] is None
    assert any(note.startswith("child, tagged: data stored elsewhere") for note in document["notes"])


def test_a_pointer_of_git_lfs_is_compared_by_what_it_names(
    project: ProjectDirectory, trained: Repository
) -> None:
    data = (project.root / "data/train.jsonl").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(data)}\n"
    project.write("data/train.jsonl", pointer)
    assert actions(planned(project)) == {"base": "keep succeeded", "child": "keep succeeded"}
    project.write("data/train.jsonl", pointer.replace(digest, "0" * 64))
    document = planned(project)
    assert actions(document) == {"base": "create changed", "child": "wait waiting-for"}
    assert document["changes"][0]["estimated_cost"] is None
