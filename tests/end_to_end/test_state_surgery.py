"""`ftops state`: a person cuts into the state, and loses neither a job nor the way back."""

from __future__ import annotations

import json
import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.conftest import Emulator, ProjectDirectory
from tests.end_to_end.test_adoption import job_of, lose_state
from tests.end_to_end.test_crashes import start_apply, wait_until

STATE = ".ftops/state.json"
BACKUPS = ".ftops/backups"


def state_of(project: ProjectDirectory) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((project.root / STATE).read_text())
    return document


def applied(project: ProjectDirectory, *names: str) -> None:
    for name in names:
        project.manifest(name, f"suffix: {name}")
    assert project.ftops("apply", "--yes") == 0


@pytest.mark.parametrize(
    "arguments", [("mv", "a", "b"), ("rm", "a"), ("push", "copy.json"), ("rebuild",), ("mv", "a")]
)
def test_surgery_without_a_terminal_needs_yes(project: ProjectDirectory, arguments: tuple[str, ...]) -> None:
    applied(project, "a")
    before = (project.root / STATE).read_bytes()
    (project.root / "copy.json").write_bytes(before)
    assert project.ftops("state", *arguments) == 64
    assert (project.root / STATE).read_bytes() == before


@pytest.mark.skipif(not shutil.which("script"), reason="a terminal is needed to be asked")
def test_the_answer_no_changes_nothing(project: ProjectDirectory) -> None:
    applied(project, "a")
    before = (project.root / STATE).read_bytes()
    done = subprocess.run(
        ["script", "-qec", f"{sys.executable} -m ftops -C {project.root} state rm a", "/dev/null"],
        input=b"n\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"the record of a is forgotten" in done.stdout
    assert (project.root / STATE).read_bytes() == before


def test_a_moved_record_keeps_its_job(project: ProjectDirectory, emulator: Emulator) -> None:
    applied(project, "a")
    (project.root / "jobs/a.yaml").unlink()
    project.manifest("b", "suffix: a")
    assert project.ftops("state", "mv", "a", "b", "--yes") == 0
    assert "the record of a is renamed to b" in project.out
    assert project.plan() == {"b": "keep in-progress"}
    assert project.ftops("state", "mv", "a", "c", "--yes") == 64
    assert emulator.jobs() == 1


def test_a_name_that_is_taken_is_not_moved_onto(project: ProjectDirectory) -> None:
    applied(project, "a", "b")
    assert project.ftops("state", "mv", "a", "b", "--yes") == 1
    assert "already has a record of b" in project.err


def test_a_removed_record_leaves_its_job_running_and_can_come_back(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    applied(project, "a", "b")
    job_id = job_of(project, "a")
    (project.root / "jobs/a.yaml").unlink()
    assert project.ftops("state", "rm", "a", "--yes") == 0
    assert project.plan() == {"b": "keep in-progress"}
    assert project.ftops("apply", "--yes") == 0
    assert emulator.requests("cancel") == 0
    project.manifest("a", "suffix: a")
    assert project.plan()["a"] == "adopt restored"
    assert project.ftops("apply", "--yes") == 0
    assert job_of(project, "a") == job_id
    assert emulator.jobs() == 2


def test_a_record_with_a_create_in_doubt_is_not_removed(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("drop", "create")
    project.ftops("apply", "--yes")
    assert project.ftops("state", "rm", "a", "--yes") == 4
    assert "ftops resolve a" in project.err


def test_surgery_keeps_the_state_from_before_and_push_brings_it_back(project: ProjectDirectory) -> None:
    applied(project, "a")
    before = (project.root / STATE).read_bytes()
    assert project.ftops("state", "rm", "a", "--yes") == 0
    (backup,) = (project.root / BACKUPS).iterdir()
    assert backup.read_bytes() == before
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert str(backup) in project.err
    assert project.ftops("state", "history") == 0
    assert str(backup) in project.out
    assert project.ftops("state", "push", str(backup), "--yes") == 3
    assert "is newer" in project.err
    assert project.ftops("state", "push", str(backup), "--yes", "--force") == 0
    assert project.plan() == {"a": "keep in-progress"}
    serial = state_of(project)["serial"]
    assert isinstance(serial, int)
    assert serial > json.loads(before)["serial"] + 1


def test_a_state_can_be_pushed_from_a_pipe(project: ProjectDirectory) -> None:
    applied(project, "a")
    pulled = (project.root / STATE).read_bytes()
    command = [sys.executable, "-m", "ftops", "-C", str(project.root), "state", "push", "-"]
    refused = subprocess.run(command, input=pulled, capture_output=True, check=False)
    assert refused.returncode == 64
    done = subprocess.run([*command, "--yes"], input=pulled, capture_output=True, check=False)
    assert (done.returncode, b"written as serial" in done.stdout) == (0, True)


def test_what_was_pulled_can_be_pushed(project: ProjectDirectory) -> None:
    applied(project, "a")
    assert project.ftops("state", "pull") == 0
    assert project.out.encode() == (project.root / STATE).read_bytes()
    project.write("copy.json", project.out)
    assert project.ftops("state", "push", "copy.json", "--yes") == 0
    assert project.plan() == {"a": "keep in-progress"}


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda d: d.update(lineage="other"), 3, "has lineage"),
        (lambda d: d.update(project="other"), 1, "belongs to project other"),
        (lambda d: d.update(format_version=9), 1, "newer ftops"),
        (lambda d: d.update(serial="x"), 1, "is damaged or was edited"),
    ],
)
def test_a_foreign_state_is_not_pushed(
    project: ProjectDirectory, change: Callable[[dict[str, object]], None], code: int, words: str
) -> None:
    applied(project, "a")
    before = (project.root / STATE).read_bytes()
    document = state_of(project)
    change(document)
    project.write("copy.json", json.dumps(document))
    assert project.ftops("state", "push", str(project.root / "copy.json"), "--yes") == code
    assert words in project.err
    assert (project.root / STATE).read_bytes() == before


def test_only_force_replaces_an_unreadable_state_and_it_is_kept(project: ProjectDirectory) -> None:
    applied(project, "a")
    copy = project.root / "copy.json"
    copy.write_bytes((project.root / STATE).read_bytes())
    project.write(STATE, "{")
    assert project.ftops("state", "push", str(copy), "--yes") == 1
    assert "not valid JSON" in project.err
    assert project.ftops("state", "pull") == 0
    assert project.out == "{"
    assert project.ftops("state", "push", str(copy), "--yes", "--force") == 0
    assert project.plan() == {"a": "keep in-progress"}
    assert (project.root / BACKUPS / "unreadable-before-push.json").read_text() == "{"
    assert project.ftops("state", "history") == 0
    assert "unreadable" in project.out


def test_a_lost_state_is_rebuilt_so_that_the_next_plan_is_empty(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a", "suffix: a\nhyperparameters: {n_epochs: 3}", labels="{team: x}")
    project.manifest("b", "suffix: b")
    project.manifest("c", "suffix: c", model="{from: b}")
    project.manifest("gone", "suffix: gone")
    project.ftops("apply", "--yes")
    emulator.advance(10_000)
    project.ftops("apply", "--yes")
    project.manifest("a", "suffix: a\nhyperparameters: {n_epochs: 4}", labels="{team: x}")
    (project.root / "jobs/gone.yaml").unlink()
    project.ftops("apply", "--yes")
    assert project.ftops("plan", "--detailed-exitcode") == 0
    before, jobs = state_of(project), emulator.jobs()
    lose_state(project)
    assert project.ftops("plan", "--detailed-exitcode") == 4
    assert project.ftops("state", "rebuild", "--yes") == 0
    assert "gone: 1 ended, no longer declared" in project.out
    assert project.ftops("plan", "--detailed-exitcode") == 0
    assert project.ftops("apply", "--yes") == 0
    after = state_of(project)
    assert after["lineage"] == before["lineage"]
    for record in before["fine_tunes"].values():
        # What was asked for, for how much and by whom, is known to the state alone; the mark says the rest.
        for job in (record["job"], *record.get("history", [])):
            del job["request"], job["purchase"]
    assert after["fine_tunes"] == before["fine_tunes"]
    assert emulator.jobs() == jobs
    project.manifest("gone", "suffix: gone")
    assert project.plan()["gone"] == "adopt restored"
    assert project.ftops("state", "rebuild", "--yes") == 0
    assert "Nothing to rebuild" in project.out


def test_a_rebuilt_state_keeps_to_what_was_restored_and_to_a_new_name(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    for seed in (1, 2):
        project.manifest("a", f"seed: {seed}")
        project.ftops("apply", "--yes")
        emulator.advance(10_000)
    project.manifest("a", "seed: 1")
    project.ftops("apply", "--yes")
    (project.root / "jobs/a.yaml").unlink()
    project.manifest("b", "seed: 1\nlifecycle: {renamed_from: a}")
    assert project.ftops("apply", "--yes") == 0
    lose_state(project)
    assert project.ftops("state", "rebuild", "--yes") == 0
    assert project.ftops("plan", "--detailed-exitcode") == 0
    project.manifest("b", "seed: 3\nlifecycle: {renamed_from: a}")
    assert project.ftops("plan", "--format", "json") == 0
    (change,) = json.loads(project.out)["changes"]
    assert (change["action"], change["generation"]) == ("create", 3)


def test_a_running_job_that_nobody_declares_is_told_before_it_is_recorded(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    applied(project, "a", "b")
    (project.root / "jobs/b.yaml").unlink()
    lose_state(project)
    assert project.ftops("state", "rebuild", "--yes") == 0
    assert "b: job ftjob-" in project.out
    assert "NOT DECLARED" in project.out
    assert project.plan() == {"a": "keep in-progress", "b": "cancel removed"}


def test_rebuild_takes_over_from_another_lineage_where_nothing_is_recorded(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    applied(project, "a", "b")
    emulator.advance(10_000)
    (project.root / "jobs/b.yaml").rename(project.root / "b.away")
    (project.root / "jobs/a.yaml").rename(project.root / "a.away")
    lose_state(project)
    applied(project, "c")
    (project.root / "a.away").rename(project.root / "jobs/a.yaml")
    assert project.plan() == {"a": "hold other-lineage", "c": "keep in-progress"}
    assert project.ftops("state", "rebuild", "--yes") == 0
    assert project.ftops("plan", "--detailed-exitcode") == 0
    assert emulator.jobs() == 3


def test_jobs_that_carry_no_mark_are_left_to_a_person(project: ProjectDirectory, emulator: Emulator) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("dialect: openai", "dialect: openai_legacy"))
    rows = ({"prompt": f"q{n} ->", "completion": f" a{n}"} for n in range(12))
    project.write("data/train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    project.manifest("a", model="curie")
    assert project.ftops("apply", "--yes") == 0
    lose_state(project)
    assert project.ftops("state", "rebuild", "--yes") == 0
    assert "1 unrecorded job without a mark (ft-" in project.err
    assert "may be this project's" in project.err
    assert "Nothing to rebuild" in project.out
    assert not (project.root / STATE).exists()
    assert project.plan() == {"a": "hold lookalike"}


def test_jobs_whose_mark_a_gateway_dropped_are_told_too(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    applied(project, "a")
    lose_state(project)
    (found,) = requests.get(f"{emulator.base_url}/fine_tuning/jobs", timeout=10).json()["data"]
    bare = {**found, "metadata": None}
    listed = {"object": "list", "data": [bare], "has_more": False}
    emulator.fault("odd_reply", "list", text=json.dumps(listed), times=0)
    emulator.fault("odd_reply", "retrieve", text=json.dumps(bare), times=0)
    assert project.ftops("state", "rebuild", "--yes") == 0
    assert f"1 unrecorded job without a mark ({found['id']}) may be this project's" in project.err
    assert "a gateway drops it" in project.err


def test_half_a_list_makes_no_state(project: ProjectDirectory, emulator: Emulator) -> None:
    applied(project, "a", "b")
    lose_state(project)
    emulator.fault("truncate_list", "list")
    emulator.fault("html", "list")
    assert project.ftops("state", "rebuild", "--yes") == 4
    assert "the job list is incomplete" in project.err
    assert not (project.root / STATE).exists()


def test_unlock_explains_who_holds_a_local_lock(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    assert project.ftops("state", "unlock") == 0
    assert "Nobody holds the lock" in project.out
    assert "the kernel frees this lock" in project.out
    emulator.fault("slow", "create", seconds=1)
    process = start_apply(project.root)
    wait_until(lambda: emulator.requests("create") == 1)
    assert project.ftops("state", "unlock", "--yes") == 4
    assert f"kill {process.pid}" in project.err
    assert project.ftops("state", "rm", "a", "--yes") == 4
    process.communicate()
    assert process.returncode == 0


def test_the_lock_of_a_dead_run_is_taken_over_and_that_is_said(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("slow", "create", seconds=1)
    process = start_apply(project.root)
    wait_until(lambda: emulator.requests("create") == 1)
    process.kill()
    process.communicate()
    wait_until(lambda: emulator.jobs() == 1)
    assert project.ftops("apply", "--yes") == 0
    assert f"took over the lock of {_me()}" in project.err
    assert f"pid {process.pid}, apply" in project.err
    assert project.plan() == {"a": "keep in-progress"}
    assert project.ftops("apply", "--yes") == 0
    assert "took over" not in project.err


def _me() -> str:
    return os.environ.get("LOGNAME") or os.environ.get("USER") or ""


@pytest.mark.parametrize("text", ["{", "[" * 5000, '{"pid": 1e999}', "\x00\xff"])
def test_a_corrupt_lock_is_in_nobodys_way(project: ProjectDirectory, text: str) -> None:
    project.manifest("a")
    project.write(".ftops/state.json.lock", text)
    project.write(".ftops/state.json.lock.info", text)
    assert project.ftops("apply", "--yes") == 0
    assert project.ftops("state", "unlock") == 0


def ftops_with_room(project: ProjectDirectory, room: int, *arguments: str) -> tuple[int, str]:
    """Run a command that may write no file larger than `room` bytes: a disk that is full there."""
    done = subprocess.run(
        [sys.executable, "-m", "ftops", "-C", str(project.root), *arguments],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_disk_that_is_full_at_any_write_loses_no_job(project: ProjectDirectory, emulator: Emulator) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("api_key:", "send_window: 2, settle: 0, api_key:"))
    project.manifest("a")
    codes = []
    for room in range(0, 4000, 100):
        code, said = ftops_with_room(project, room, "apply", "--yes")
        codes.append(code)
        if code:
            assert "File too large" in said
            assert "free some space" in said
            assert len([line for line in said.splitlines() if line.startswith("Error")]) == 1
        if (project.root / STATE).exists():
            state_of(project)
        if not code:
            break
    assert codes[0] == 1
    assert codes[-1] == 0
    assert not list((project.root / ".ftops").glob("*.tmp"))
    assert project.plan() == {"a": "keep in-progress"}
    assert emulator.jobs() == 1


def test_a_full_disk_does_no_surgery_and_saves_no_plan(project: ProjectDirectory) -> None:
    applied(project, "a")
    before = (project.root / STATE).read_bytes()
    for arguments in (("plan", "--out", "saved.json"), ("state", "rm", "a", "--yes")):
        code, said = ftops_with_room(project, 600, *arguments)
        assert code == 1
        assert "File too large" in said
    assert (project.root / STATE).read_bytes() == before
    assert not (project.root / "saved.json").exists()
    assert [path.name for path in project.root.iterdir() if path.name.startswith(".saved")] == []
    assert list((project.root / BACKUPS).iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere")
def test_a_directory_that_cannot_be_written_is_said_and_still_planned_in(project: ProjectDirectory) -> None:
    capabilities = "-dac_override,-dac_read_search"
    drop = ["setpriv", f"--bounding-set={capabilities}", f"--inh-caps={capabilities}"]
    without_override = drop if os.geteuid() == 0 else []
    applied(project, "a")
    project.manifest("b", "suffix: b")
    directory = project.root / ".ftops"
    directory.chmod(0o555)
    for path in directory.iterdir():
        path.chmod(0o444)
    for arguments, code in ((("plan",), 0), (("apply", "--yes"), 1), (("state", "rm", "a", "--yes"), 1)):
        done = subprocess.run(
            [*without_override, sys.executable, "-m", "ftops", "-C", str(project.root), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert code == 0 or "Permission denied" in done.stderr
    directory.chmod(0o755)


def test_state_commands_say_what_is_missing(project: ProjectDirectory) -> None:
    assert project.ftops("state", "pull") == 1
    assert "there is no state" in project.err
    assert project.ftops("state", "rm", "a", "--yes") == 1
    assert "ftops state rebuild" in project.err
    assert project.ftops("state", "push", "nowhere.json", "--yes") == 1
    assert "cannot read nowhere.json" in project.err
    assert project.ftops("state", "list") == 0
    assert project.ftops("state", "history") == 0
