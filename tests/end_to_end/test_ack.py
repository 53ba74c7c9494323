"""Acknowledgements, typed by hand: a known failure is silent until it changes, or until its time is over."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest

import ftops
from ftops.api.surroundings import SystemClock
from tests.conftest import Emulator, ProjectDirectory

DAY = 86_400
ACK = ("ack", "a", "--for", "7d", "--reason", "ticket 7: bad rows")


def failed(project: ProjectDirectory, emulator: Emulator, *names: str) -> None:
    for name in names:
        project.manifest(name, f"suffix: {name}")
    emulator.fault("fail_job", "create", times=0, code="invalid_data", message="row 3 is no conversation")
    assert project.ftops("reconcile", "--once") == 0
    emulator.advance(90_000)
    assert project.ftops("reconcile", "--once") == 5


def acks(project: ProjectDirectory) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.root / ".ftops/state.json").read_text()).get("acks", {})
    return found


def later(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: time.time() + days * DAY)


def test_a_known_failure_is_silent_until_its_data_has_changed_and_failed_again(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    failed(project, emulator, "a")
    assert project.ftops(*ACK) == 0
    assert project.out == "a: acknowledged for 7 d; nothing else is changed\n"
    before = acks(project)
    assert project.ftops("reconcile", "--once") == 0
    assert "a: acknowledged until 20" in project.out
    assert project.ftops("reconcile", "--once") == 0
    assert (acks(project), emulator.jobs()) == (before, 1)
    # Whoever runs a plan or an apply sees it.
    assert project.ftops("plan", "--detailed-exitcode") == 5
    assert project.ftops("apply", "--yes") == 5
    assert project.ftops("status") == 5
    rows = project.root / "data/train.jsonl"
    rows.write_text(rows.read_text() + rows.read_text().splitlines()[0] + "\n")
    assert project.ftops("reconcile", "--once") == 0
    assert (acks(project), emulator.jobs()) == ({}, 2)
    emulator.advance(90_000)
    assert project.ftops("reconcile", "--once") == 5


def test_one_that_has_expired_raises_the_alarm_and_is_told_once(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(project, emulator, "a")
    assert project.ftops(*ACK) == 0
    later(monkeypatch, 6.9)
    assert project.ftops("reconcile", "--once") == 0
    later(monkeypatch, 7.1)
    assert project.ftops("status") == 5
    assert "raises the alarm again: ticket 7: bad rows" in " ".join(project.out.split())
    assert project.ftops("status", "--format", "json") == 5
    assert json.loads(project.out)["fine_tunes"][0]["acknowledged"]["expired"] is True
    assert project.ftops("reconcile", "--once") == 5
    assert "raises the alarm again" in " ".join(project.out.split())
    assert acks(project) == {}
    assert project.ftops("reconcile", "--once") == 5
    assert "raises the alarm again" not in " ".join(project.out.split())


def test_status_shows_until_when_by_whom_and_why(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "jo\x1b[31m")
    failed(project, emulator, "a", "b")
    assert project.ftops(*ACK) == 0
    assert project.ftops("reconcile", "--once") == 5
    assert project.ftops("status", "--format", "json") == 5
    a, b = json.loads(project.out)["fine_tunes"]
    assert sorted(a["acknowledged"]) == ["by", "reason", "until"]
    assert a["acknowledged"]["until"] == pytest.approx(time.time() + 7 * DAY, abs=600)
    assert "acknowledged" not in b
    day = time.strftime("%Y-%m-%d", time.gmtime(a["acknowledged"]["until"]))
    assert project.ftops("status") == 5
    assert f"acknowledged until {day} by jo [31m: ticket 7: bad rows" in " ".join(project.out.split())
    assert max(map(len, project.out.splitlines())) <= 80
    assert project.ftops("status", "a") == 5
    assert "known       acknowledged until" in project.out
    assert project.ftops("plan") == 0
    assert f"a: acknowledged until {day} by jo" in " ".join(project.out.split())
    assert "\x1b" not in project.out


def test_it_is_listed_taken_back_and_goes_with_a_rename(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    failed(project, emulator, "a")
    assert project.ftops("ack", "--list") == 0
    assert project.out == "Nothing is acknowledged.\n"
    assert project.ftops(*ACK) == 0
    (project.root / "jobs/a.yaml").unlink()
    project.manifest("b", "suffix: a\nlifecycle: {renamed_from: a}")
    assert project.ftops("reconcile", "--once") == 0
    assert acks(project).keys() == {"b"}
    assert project.ftops("state", "mv", "b", "c", "--yes") == 0
    assert acks(project).keys() == {"c"}
    assert project.ftops("ack", "--list") == 0
    assert [line.split()[0] for line in project.out.splitlines()] == ["NAME", "c"]
    assert project.ftops("ack", "b", "--remove") == 1
    assert "nothing of b is acknowledged" in project.err
    assert project.ftops("ack", "c", "--remove") == 0
    assert project.ftops("state", "mv", "c", "b", "--yes") == 0
    assert project.ftops("reconcile", "--once") == 5
    assert project.ftops("ack", "b", "--for", "1d", "--reason", "x") == 0
    assert project.ftops("state", "rm", "b", "--yes") == 0
    assert acks(project) == {}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("a", "--for", "7d"), 64, "pass --for and --reason"),
        (("a", "--for", "91d", "--reason", "x"), 64, "at most 90 days"),
        (("a", "--for", "0d", "--reason", "x"), 64, "more than 0"),
        (("a", "--for", "a week", "--reason", "x"), 64, "write 12h, 7d or 2w"),
        (("a", "--for", "7d", "--reason", " "), 64, "needs a reason"),
        (("a", "--for", "7d", "--reason", "x\x1b[2Jy"), 64, "without control characters"),
        (("a", "--for", "7d", "--reason", "two\nlines"), 64, "must be one line"),
        (("a", "--for", "7d", "--reason", "\u202etxet"), 64, "without control characters"),
        (("a", "--for", "7d", "--reason", "x" * 201), 64, "201 characters, more than 200"),
        (("aa", "--for", "7d", "--reason", "x"), 64, "no fine-tune is named aa"),
        (("good", "--for", "7d", "--reason", "x"), 1, "nothing of good can be acknowledged"),
        (("a", "good", "--for", "7d", "--reason", "x"), 1, "nothing of good can be acknowledged"),
        (("chained", "--for", "7d", "--reason", "x"), 1, "acknowledge that one"),
        ((), 64, "name the fine-tunes, or pass --list"),
        (("a", "--list"), 64, "--list takes no names"),
        (("a", "--remove", "--reason", "x"), 64, "--remove takes names alone"),
    ],
)
def test_what_cannot_be_acknowledged_is_refused_and_nothing_is_written(
    project: ProjectDirectory, emulator: Emulator, options: tuple[str, ...], code: int, words: str
) -> None:
    project.write("data/bad.jsonl", "no JSON\n")
    project.manifest("a")
    path = project.root / "jobs/a.yaml"
    path.write_text(path.read_text().replace("train.jsonl", "bad.jsonl"))
    project.manifest("chained", model="{from: a}")
    project.manifest("good")
    assert project.ftops("reconcile", "--once") == 1
    before = (project.root / ".ftops/state.json").read_bytes()
    assert project.ftops("ack", *options) == code
    assert words in " ".join(project.err.split())
    assert "Traceback" not in project.err
    assert "\x1b" not in project.err
    assert (project.root / ".ftops/state.json").read_bytes() == before


def test_data_with_problems_and_what_starts_from_it_are_silent_until_it_is_another_problem(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.write("data/bad.jsonl", "no JSON\n")
    project.manifest("a")
    path = project.root / "jobs/a.yaml"
    path.write_text(path.read_text().replace("train.jsonl", "bad.jsonl"))
    project.manifest("chained", model="{from: a}")
    assert project.ftops("reconcile", "--once") == 1
    assert project.ftops(*ACK) == 0
    assert project.ftops("reconcile", "--once") == 0
    project.write("data/bad.jsonl", '{"messages": []}\n')
    assert project.ftops("reconcile", "--once") == 1
    assert emulator.jobs() == 0


def test_a_provider_that_cannot_be_listed_is_no_known_failure(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    failed(project, emulator, "a")
    assert project.ftops(*ACK) == 0
    project.manifest("b")
    emulator.fault("truncate_list", "list", times=0)
    assert project.ftops("ack", "b", "--for", "1d", "--reason", "x") == 1
    assert "trouble of the provider" in " ".join(project.err.split())
    assert project.ftops("reconcile", "--once") == 4
    assert acks(project).keys() == {"a"}


def test_a_create_refused_for_days_is_silent_while_it_is_tried_again_and_refused_with_the_same_words(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.fault("quota", "create", times=0)
    project.manifest("a")
    assert project.ftops("reconcile", "--once") == 0
    for day, code in ((1.1, 4), (1.11, 4)):
        later(monkeypatch, day)
        assert project.ftops("reconcile", "--once") == code
    assert project.ftops(*ACK) == 0
    sent = emulator.requests("create")
    for day in (1.12, 1.5, 2.5, 3.5):
        later(monkeypatch, day)
        assert project.ftops("reconcile", "--once") == 0
    assert emulator.requests("create") > sent
    assert project.plan() == {"a": "hold stuck"}


def test_it_works_while_frozen_and_asks_nobody(
    project: ProjectDirectory, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(project, emulator, "a")
    monkeypatch.setenv("FTOPS_FREEZE", "1")
    assert project.ftops(*ACK) == 0
    monkeypatch.delenv("FTOPS_FREEZE")
    assert project.ftops("reconcile", "--once") == 0


def test_two_runners_at_once_keep_the_words_of_both(project: ProjectDirectory, emulator: Emulator) -> None:
    names = ("a", "b", "c")
    failed(project, emulator, *names)
    start = [sys.executable, "-m", "ftops", "-C", str(project.root), "ack"]
    more = ["--for", "7d", "--reason", "known", "--lock-timeout", "60s"]
    running = [subprocess.Popen([*start, name, *more], stdout=subprocess.DEVNULL) for name in names]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert acks(project).keys() == set(names)
    assert project.ftops("reconcile", "--once") == 0


def test_from_python(project: ProjectDirectory, emulator: Emulator) -> None:
    failed(project, emulator, "a")
    with ftops.open_project(project.root) as opened:
        edited = opened.acknowledge("a", seconds=3600, reason="known")
        assert edited.words == "a: acknowledged for 1 h; nothing else is changed"
        (row,) = opened.status()
        assert row.acknowledged is not None
        assert row.acknowledged.reason == "known"
        opened.unacknowledge("a")
        assert opened.status()[0].acknowledged is None
        with pytest.raises(ftops.FtopsError, match="nothing of a is acknowledged"):
            opened.unacknowledge("a")
        with pytest.raises(ftops.UsageError, match="name the fine-tunes"):
            opened.acknowledge(seconds=1, reason="x")


def test_a_state_that_was_edited_silences_nothing_for_longer_than_anybody_may_ask(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    failed(project, emulator, "a")
    assert project.ftops(*ACK) == 0
    path = project.root / ".ftops/state.json"
    document = json.loads(path.read_text())
    document["acks"]["a"]["until"] += 365 * DAY
    path.write_text(json.dumps(document))
    assert project.ftops("reconcile", "--once") == 5
    document["acks"]["a"] |= {"reason": "\x1b[2J" + "x" * 900}
    path.write_text(json.dumps(document))
    assert project.ftops("plan") == 0
    assert "\x1b" not in project.out
    document["acks"]["a"] |= {"reason": "x" * 1001}
    path.write_text(json.dumps(document))
    assert project.ftops("plan") == 1
    assert "acks.a.reason has a value that this format does not know" in " ".join(project.err.split())


def test_a_lost_reply_is_no_alarm_of_a_schedule_and_makes_one_job(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    emulator.fault("lost_reply", "create")
    emulator.fault("lagging_list", "list", seconds=600, times=3)
    assert project.ftops("reconcile", "--once") == 0
    assert "1 failed" in project.out
    assert project.ftops("reconcile", "--once") == 0
    assert emulator.jobs() == 1


def test_what_waits_for_a_full_provider_is_no_alarm(project: ProjectDirectory, emulator: Emulator) -> None:
    emulator.fault("quota", "create", times=0)
    project.manifest("a")
    for _ in range(2):
        assert project.ftops("reconcile", "--once") == 0
    assert project.plan() == {"a": "wait provider-limit"}
