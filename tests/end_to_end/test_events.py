"""`ftops events` and `ftops metrics`, as they are typed."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys

import pytest

from tests.conftest import Emulator, ProjectDirectory


@pytest.fixture
def trained(project: ProjectDirectory, emulator: Emulator) -> ProjectDirectory:
    project.manifest("a")
    assert project.ftops("apply", "--yes") == 0
    emulator.advance(10_000)
    return project


def test_events_of_a_finished_job_end_with_its_outcome(trained: ProjectDirectory) -> None:
    assert trained.ftops("events", "a") == 0
    assert "successfully completed" in trained.out.splitlines()[-1]
    assert trained.ftops("events", "a", "--follow", "--format", "json") == 0
    lines = [json.loads(line) for line in trained.out.splitlines()]
    assert set(lines[0]) == {"time", "level", "type", "message", "data"}
    assert lines[0]["message"].startswith("Created")


def test_a_failed_job_is_code_5(project: ProjectDirectory, emulator: Emulator) -> None:
    emulator.fault("fail_job", "create", code="server_error", message="the GPU caught fire")
    project.manifest("a")
    project.ftops("apply", "--yes")
    emulator.advance(10_000)
    assert project.ftops("events", "a", "--follow") == 5
    assert "error: " in project.out


def test_names_without_a_job_are_told_apart(project: ProjectDirectory) -> None:
    project.manifest("a")
    assert project.ftops("events", "nobody") == 64
    assert project.ftops("metrics", "nobody") == 64
    project.write("jobs/a.yaml", "{broken")
    assert project.ftops("events", "nobody") == 64
    assert "Traceback" not in project.err


def test_metrics_in_every_form(trained: ProjectDirectory) -> None:
    assert trained.ftops("metrics", "a") == 0
    assert trained.out.split()[:2] == ["STEP", "TRAIN-LOSS"]
    assert trained.ftops("metrics", "a", "--plot") == 0
    assert "(loss)" in trained.out
    assert trained.ftops("metrics", "a", "--format", "json") == 0
    first = json.loads(trained.out)["metrics"][0]
    assert trained.ftops("metrics", "a", "--format", "csv") == 0
    row = next(csv.DictReader(io.StringIO(trained.out)))
    assert float(row["train_loss"]) == first["train_loss"]
    assert trained.ftops("metrics", "a", "--plot", "--format", "csv") == 64


def test_metrics_of_a_running_job_come_from_its_events(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    assert project.ftops("metrics", "a") == 0
    assert "no metrics yet" in project.out
    emulator.advance(110)
    assert project.ftops("metrics", "a", "--format", "json") == 0
    assert json.loads(project.out)["metrics"]


def test_a_result_file_that_is_no_csv_is_one_sentence(trained: ProjectDirectory, emulator: Emulator) -> None:
    emulator.fault("html", "download")
    assert trained.ftops("metrics", "a") == 1
    assert "holds no metrics" in trained.err


def test_a_reader_that_leaves_is_no_error(trained: ProjectDirectory) -> None:
    command = [sys.executable, "-m", "ftops", "-C", str(trained.root), "events", "a"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (0, b"")


def test_status_shows_how_far_a_running_job_is(project: ProjectDirectory, emulator: Emulator) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    emulator.advance(110)
    assert project.ftops("status") == 0
    shown = project.out.splitlines()[-1].split()
    assert shown[:3] == ["▶", "a", "running"]
    assert shown[5] == "%"
    assert float(shown[6]) > 0
    assert project.ftops("status", "a") == 0
    assert "ftops events a --follow" in project.out
    assert project.ftops("status", "--format", "json") == 0
    (row,) = json.loads(project.out)["fine_tunes"]
    assert 0 < row["progress"] < 1
    assert row["losses"]


def test_a_status_whose_losses_cannot_be_read_is_still_a_status(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    emulator.advance(110)
    emulator.fault("html", "events")
    assert project.ftops("status") == 0
    assert project.out.splitlines()[-1].split()[:3] == ["▶", "a", "running"]
    assert project.out.split()[-2] == "-"


def test_a_watch_ends_when_nothing_moves_any_more(trained: ProjectDirectory) -> None:
    assert trained.ftops("status", "--watch", "--interval", "0.2s") == 0
    assert "succeeded" in trained.out
    assert trained.ftops("status", "--watch", "--format", "json") == 64


def test_a_watch_shows_each_change_until_the_job_is_done(
    project: ProjectDirectory, emulator: Emulator
) -> None:
    project.manifest("a")
    project.ftops("apply", "--yes")
    command = [
        sys.executable,
        "-m",
        "ftops",
        "-C",
        str(project.root),
        "status",
        "--watch",
        "--interval",
        "0.2s",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ), text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert "succeeded" not in process.stdout.readline()
        emulator.advance(10_000)
        assert "succeeded" in process.stdout.read()
    assert process.returncode == 0
