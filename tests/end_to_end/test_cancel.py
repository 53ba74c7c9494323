"""`ftops cancel` over real HTTP: what it stops, holds and says, and what a crash or an outage leaves."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ftops
from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conftest import DIALECT, ROWS, Emulator, ProjectDirectory
from tests.end_to_end.test_crashes import wait_until
from tests.end_to_end.test_kills import SETTLE, listed


def statuses(emulator: Emulator) -> Counter[str]:
    return Counter(job["status"] for job in listed(emulator))


def running(project: ProjectDirectory, *names: str, spec: str = "") -> None:
    for name in names:
        project.manifest(name, f"suffix: {name}\n{spec}".rstrip())
    assert project.ftops("apply", "--yes") == 0


def test_a_job_is_stopped_and_stays_so_until_somebody_wants_it_again(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    running(project, "a", "b")
    assert project.ftops("cancel", "a", "--yes") == 0
    assert "ftops resolve a --retry" in project.out
    for command in (("apply", "--yes"), ("reconcile", "--once")):
        assert project.ftops(*command) == 0
    assert project.plan() == {"a": "hold cancelled-by-hand", "b": "keep in-progress"}
    assert project.ftops("plan", "--detailed-exitcode") == 0
    assert (emulator.jobs(), statuses(emulator)["cancelled"]) == (2, 1)
    assert project.ftops("resolve", "a", "--retry", "--yes") == 0
    assert project.plan()["a"] == "create re-declared"
    assert project.ftops("apply", "--yes") == 0
    numbers = {job["metadata"]["ftops_generation"] for job in listed(emulator)}
    assert numbers == {"1.1", "1.2"}
    assert project.ftops("resolve", "a", "--retry", "--yes") == 1


def test_another_declaration_lifts_the_hold_and_going_back_does_not_pay(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    running(project, "a", spec="hyperparameters: {n_epochs: 1}")
    assert project.ftops("cancel", "a", "--yes") == 0
    running(project, "a", spec="hyperparameters: {n_epochs: 2}")
    assert project.plan() == {"a": "keep in-progress"}
    project.manifest("a", "suffix: a\nhyperparameters: {n_epochs: 1}")
    assert project.ftops("apply", "--yes") == 0
    assert project.plan() == {"a": "hold cancelled-by-hand"}
    assert emulator.jobs() == 2


def test_without_an_answer_or_with_wrong_words_nothing_is_done(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    running(project, "support-triage")
    before = (project.root / ".ftops/state.json").read_bytes()
    for words, said in (
        (("support-triage",), "no terminal to answer on"),
        ((), "name the fine-tunes to cancel, or pass --all"),
        (("--all", "support-triage", "--yes"), "name the fine-tunes to cancel, or pass --all"),
        (("suport-triage", "support-triage", "--yes"), "did you mean 'support-triage'?"),
    ):
        assert project.ftops("cancel", *words) == 64
        assert said in project.err
    assert (project.root / ".ftops/state.json").read_bytes() == before
    assert not (project.root / ".ftops/freeze").exists()
    assert emulator.requests("cancel") == 0


def test_the_question_says_what_is_at_stake(
    project: ProjectDirectory, emulator: Emulator, answering: Callable[[str], object]
) -> None:
    running(project, "a", spec="lifecycle: {protect: true}")
    project.manifest("b", "suffix: b")
    answering("n\n")
    assert project.ftops("cancel", "a", "b") == 1
    assert "not cancelled (nothing was changed)" in project.err
    assert "it has run for" in project.err
    assert "which is paid and lost" in " ".join(project.err.split())
    assert "it is protected" in project.err
    assert "Stop 1 job and hold 2 fine-tunes? [y/N]" in project.err
    assert project.plan() == {"a": "keep in-progress", "b": "create new"}
    answering("y\n")
    assert project.ftops("cancel", "a", "b") == 0
    assert project.plan() == {"a": "hold cancelled-by-hand", "b": "hold cancelled-by-hand"}
    assert emulator.jobs() == 1


def test_what_has_ended_is_told_and_left(project: ProjectDirectory, emulator: Emulator) -> None:
    running(project, "a")
    emulator.advance(10_000)
    assert project.ftops("cancel", "a", "--yes") == 0
    assert "= a: nothing to stop: the model is ready" in project.out
    assert "resolve" not in project.out
    assert project.plan() == {"a": "keep succeeded"}
    assert emulator.requests("cancel") == 0


def test_all_turns_the_kill_switch_on_and_both_can_be_lifted(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    running(project, *"abcdefgh")
    (project.root / "jobs/a.yaml").unlink()
    project.manifest("new", "suffix: new")
    assert project.ftops("cancel", "--all", "--yes") == 0
    assert (emulator.jobs(), statuses(emulator)) == (8, Counter(cancelled=8))
    assert "ftops cancel --all by" in (project.root / ".ftops/freeze").read_text()
    assert "rm .ftops/freeze" in project.out
    assert project.ftops("apply", "--yes") == 3
    assert project.ftops("cancel", "--all", "--yes") == 0
    (project.root / ".ftops/freeze").unlink()
    assert project.ftops("apply", "--yes") == 0
    assert set(project.plan().values()) == {"hold cancelled-by-hand"}
    for name in ("b", "new"):
        assert project.ftops("resolve", name, "--retry", "--yes") == 0
    assert project.ftops("apply", "--yes") == 0
    assert emulator.jobs() == 10


def test_json_has_a_line_for_each_and_its_own_shape_on_failure(project: ProjectDirectory) -> None:
    running(project, "a")
    assert project.ftops("cancel", "nobody", "--yes", "--format", "json") == 64
    document = json.loads(project.out)
    assert (document["fine_tunes"], document["freeze"]) == ([], None)
    assert "nobody" in document["errors"][0]["message"]
    assert project.ftops("cancel", "--all", "--yes", "--format", "json") == 0
    document = json.loads(project.out)
    assert [(one["name"], one["result"]) for one in document["fine_tunes"]] == [("a", "cancelled")]
    assert (document["freeze"], document["errors"]) == (".ftops/freeze", [])


def test_a_run_killed_after_the_note_is_finished_by_the_next_one(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    running(project, "a", spec="lifecycle: {on_remove: detach, protect: true}")
    emulator.fault("slow", "retrieve", seconds=3)
    command = [sys.executable, "-m", "ftops", "-C", str(project.root), "cancel", "a", "--yes"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = project.root / ".ftops/state.json"
    wait_until(lambda: "cancelled_by_hand" in state.read_text())
    process.kill()
    process.wait()
    assert (emulator.requests("cancel"), statuses(emulator)["cancelled"]) == (0, 0)
    (project.root / "jobs/a.yaml").unlink()
    assert project.plan() == {"a": "cancel cancelled-by-hand"}
    assert project.ftops("apply", "--yes", "--allow-empty") == 0
    assert statuses(emulator) == Counter(cancelled=1)
    project.manifest("a", "suffix: a")
    assert project.ftops("apply", "--yes") == 0
    assert project.plan() == {"a": "hold cancelled-by-hand"}
    assert emulator.jobs() == 1


def test_a_provider_that_is_down_is_noted_and_the_others_go_on(
    project: ProjectDirectory, emulator: Emulator, tmp_path: Path
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    with EmulatorServer(EmulatorSettings(tmp_path / "other.db")) as other:
        project.write(
            "ftops.yaml",
            f"{text}    other: {{dialect: {DIALECT}, base_url: '{other.base_url}', timeout: 1,"
            " api_key: {env: FTOPS_TEST_KEY}}\n",
        )
        project.manifest("b", "suffix: b\nprovider: other")
        running(project, "a")
    assert project.ftops("cancel", "--all", "--yes") == 4
    assert statuses(emulator) == Counter(cancelled=1)
    assert "- a: job" in project.out
    assert "? b: job" in project.out
    assert "the next run sends the cancel again" in project.out
    (project.root / ".ftops/freeze").unlink()
    assert project.ftops("apply", "--yes") == 4
    assert project.plan() == {"a": "hold cancelled-by-hand", "b": "hold unreachable"}


def test_a_list_that_fails_does_not_keep_a_job_from_being_stopped(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    running(project, "a")
    emulator.fault("status", "list", times=0, status=500)
    assert project.ftops("cancel", "a", "--yes") == 0
    assert emulator.requests("cancel") == 1


def test_a_cancel_whose_reply_is_lost_is_sent_again(project: ProjectDirectory, emulator: Emulator) -> None:
    running(project, "a")
    emulator.fault("status", "cancel", times=0, status=503)
    assert project.ftops("cancel", "a", "--yes") == 1
    assert "? a: job" in project.out
    assert project.plan() == {"a": "cancel cancelled-by-hand"}


def test_a_create_in_doubt_is_noted_and_stopped_when_it_turns_up(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("api_key:", f"{SETTLE}api_key:"))
    project.manifest("a", "suffix: a")
    emulator.fault("lost_reply", "create")
    emulator.fault("lagging_list", "list", seconds=600, times=3)
    assert project.ftops("apply", "--yes") == 4
    assert project.ftops("cancel", "a", "--yes") == 4
    assert "? a:" in project.out
    assert emulator.requests("cancel") == 0
    wait_until(lambda: project.plan() == {"a": "cancel cancelled-by-hand"})
    assert project.ftops("reconcile", "--once") == 0
    assert statuses(emulator) == Counter(cancelled=1)
    assert project.plan() == {"a": "hold cancelled-by-hand"}


def test_a_manifest_that_does_not_load_keeps_nobody_from_stopping(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    running(project, "a", "b", "c", "d")
    project.write("jobs/a.yaml", "spec: [")
    project.manifest("b", "suffix: b", model="{from: c}")
    project.write(
        "jobs/c.yaml", (project.root / "jobs/c.yaml").read_text().replace("train.jsonl", "no.jsonl")
    )
    assert project.ftops("cancel", "--all", "--yes") == 1
    assert "jobs/a.yaml" in project.err
    assert "What does not load is unknown, so it is not held" in project.err
    assert statuses(emulator) == Counter(cancelled=4)
    (project.root / ".ftops/freeze").unlink()
    for name in "abc":
        project.manifest(name, f"suffix: {name}")
    assert project.plan() == dict.fromkeys("abcd", "hold cancelled-by-hand")
    assert project.ftops("resolve", "a", "--retry", "--yes") == 0
    assert project.ftops("apply", "--yes") == 0
    assert {job["metadata"]["ftops_generation"] for job in listed(emulator)} == {"1.1", "1.2"}


def test_a_table_of_prices_that_does_not_load_keeps_nobody_from_stopping(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    running(project, "a")
    project.manifest("b", "suffix: b")
    project.write("ftops.yaml", (project.root / "ftops.yaml").read_text() + "  price_table: prices.yaml\n")
    project.write("prices.yaml", "prices: [")
    assert project.ftops("plan") == 1
    assert project.ftops("cancel", "--all", "--yes") == 0
    assert statuses(emulator) == Counter(cancelled=1)


@pytest.mark.parametrize("words", ["a", "--all"])
def test_a_job_that_was_let_go_is_stopped_too(
    project: ProjectDirectory, emulator: Emulator, words: str
) -> None:
    running(project, "a", spec="lifecycle: {on_remove: detach}")
    (project.root / "jobs/a.yaml").unlink()
    assert project.ftops("apply", "--yes", "--allow-empty") == 0
    assert project.ftops("cancel", words, "--yes") == 0
    assert statuses(emulator) == Counter(cancelled=1)


@pytest.mark.parametrize("declared", [True, False])
def test_what_another_state_made_is_named_and_left_for_rebuild(
    project: ProjectDirectory, emulator: Emulator, *, declared: bool
) -> None:
    running(project, "a", "b")
    for path in (project.root / ".ftops").glob("state.json*"):
        path.unlink()
    if not declared:
        (project.root / "jobs/a.yaml").unlink()
    assert project.ftops("cancel", "a", "--yes") == 4
    assert "? a: job" in project.out
    assert emulator.requests("cancel") == 0
    assert not (project.root / ".ftops/state.json").exists()
    assert project.ftops("state", "rebuild", "--yes") == 0
    assert project.ftops("cancel", "a", "--yes") == 0
    assert statuses(emulator)["cancelled"] == 1


def test_a_renamed_one_answers_to_its_old_name(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    (project.root / "jobs/a.yaml").unlink()
    project.manifest("b")
    assert project.ftops("cancel", "a", "--yes") == 0
    assert project.out.startswith("- b: job")
    assert statuses(emulator) == Counter(cancelled=1)
    assert project.plan() == {"b": "hold cancelled-by-hand"}


def test_python_can_do_what_the_command_line_can(project: ProjectDirectory, emulator: Emulator) -> None:
    running(project, "a", "b")
    with ftops.open_project(project.root) as opened:
        with pytest.raises(ftops.UsageError):
            opened.cancel()
        made = opened.cancel("a")
        assert [(one.name, one.fate) for one in made.results] == [("a", ftops.Fate.CANCELLED)]
        assert (made.code, made.freeze) == (ftops.ExitCode.NOTHING, None)
        everything = opened.cancel(everything=True)
        assert {one.name: one.fate for one in everything.results} == {
            "a": ftops.Fate.NOTHING,
            "b": ftops.Fate.CANCELLED,
        }
        with pytest.raises(ftops.Refused):
            opened.apply(opened.plan())
    assert statuses(emulator) == Counter(cancelled=2)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], object]]:
    """Type an answer at a terminal."""
    person, terminal = pty.openpty()
    with os.fdopen(terminal, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield lambda text: os.write(person, text.encode())
    os.close(person)


def test_data_that_is_broken_is_no_manifest_that_does_not_load(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    project.write("data/train.jsonl", '{"messages": [\n')
    assert project.ftops("cancel", "a", "--yes") == 0
    assert "What does not load" not in project.err
    assert [job["status"] for job in listed(emulator)] == ["cancelled"]
    project.write("data/train.jsonl", "".join(f"{json.dumps(row)}\n" for row in ROWS))
    assert project.plan() == {"a": "hold cancelled-by-hand"}
