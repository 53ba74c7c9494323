"""Drive the command of `openai==0.28.1`: `openai api fine_tunes.list|create|get|events|follow|cancel`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conformance.drivers.recording import (
    COMPLETION_FILE,
    Checks,
    World,
    check_falling,
    check_story,
    column,
)

checks = Checks()
TIMEOUT = 60


def command(world: World, *arguments: str) -> list[str]:
    program = str(Path(sys.executable).with_name("openai"))
    return [program, "-b", world.base_url, "-k", world.key, "api", *arguments]


def run(world: World, *arguments: str, code: int = 0) -> str:
    """Run the command to its end; return what it printed, on standard error when it must fail."""
    done = subprocess.run(
        command(world, *arguments), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert done.returncode == code, f"exit {done.returncode}: {done.stderr[-300:]}"
    return done.stderr if code else done.stdout


def read(output: str) -> Any:
    """Return the JSON that follows whatever the command says first."""
    return json.loads(output[output.index("{") :])


def new(world: World) -> str:
    path = world.file("train.jsonl", COMPLETION_FILE)
    options = ("-t", str(path), "--no_check_if_files_exist", "--no_follow", "--n_epochs", "2")
    job_id: str = read(run(world, "fine_tunes.create", *options))["id"]
    return job_id


def messages(output: str) -> list[str]:
    """Return the messages of what `follow` prints: `[time] message` lines."""
    return [line.partition("] ")[2] for line in output.splitlines() if line.startswith("[")]


@checks.of("fine-tunes create", "fine_tunes.create")
def create(world: World) -> None:
    path = world.file("train.jsonl", COMPLETION_FILE)
    options = (
        "-t",
        str(path),
        "-v",
        str(path),
        "-m",
        "ada",
        "--suffix",
        "x",
        "--n_epochs",
        "2",
        "--no_follow",
    )
    job = read(run(world, "fine_tunes.create", *options, "--no_check_if_files_exist"))
    assert job["id"].startswith("ft-"), job
    assert (job["status"], job["model"], job["hyperparams"]["n_epochs"]) == ("pending", "ada", 2), job
    assert [file["bytes"] for file in job["training_files"]] == [len(COMPLETION_FILE)], job


@checks.of("fine-tunes list", "fine_tunes.list")
def list_all(world: World) -> None:
    made = [new(world) for _ in range(2)]
    ids = [job["id"] for job in read(run(world, "fine_tunes.list"))["data"]]
    assert ids[-2:] == made, (made, ids)
    assert len(set(ids)) == len(ids), ids


@checks.of("fine-tunes retrieve", "fine_tunes.get")
def get(world: World) -> None:
    job_id = new(world)
    assert read(run(world, "fine_tunes.get", "-i", job_id))["status"] == "pending"
    world.advance()
    job = read(run(world, "fine_tunes.get", "-i", job_id))
    assert (job["id"], job["status"]) == (job_id, "succeeded"), job
    assert job["fine_tuned_model"].startswith("curie:ft-emulator-"), job


@checks.of("fine-tunes events", "fine_tunes.events")
def events(world: World) -> None:
    job_id = new(world)
    world.advance()
    listed = read(run(world, "fine_tunes.events", "-i", job_id))
    check_story([event["message"] for event in listed["data"]])


@checks.of("fine-tunes stream", "fine_tunes.follow")
def follow(world: World) -> None:
    job_id = new(world)
    with subprocess.Popen(
        command(world, "fine_tunes.follow", "-i", job_id), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            world.advance(60)  # the next event does not exist before this one has been printed
    check_story(messages(printed))
    assert process.returncode == 0
    assert "Job complete! Status: succeeded" in printed, printed


@checks.of("fine-tunes broken stream", "fine_tunes.follow")
def broken(world: World) -> None:
    job_id = new(world)
    world.advance()
    for fault in ("error_stream", "cut_stream"):
        world.fault(fault, "events", events=3)
        printed = run(world, "fine_tunes.follow", "-i", job_id)
        assert len(messages(printed)) == 3, printed
        assert "Stream interrupted (client disconnected)." in printed, printed
    check_story(messages(run(world, "fine_tunes.follow", "-i", job_id)))


@checks.of("fine-tunes cancel", "fine_tunes.cancel")
def cancel(world: World) -> None:
    job_id = new(world)
    assert read(run(world, "fine_tunes.cancel", "-i", job_id))["status"] == "cancelled"
    words = f'Cannot cancel a job {job_id} that already has status "cancelled". (HTTP status code: 400)'
    assert words in run(world, "fine_tunes.cancel", "-i", job_id, code=1)


@checks.of("files results", "fine_tunes.results")
def results(world: World) -> None:
    job_id = new(world)
    world.advance()
    csv = run(world, "fine_tunes.results", "-i", job_id)
    check_falling(column(csv.strip().encode(), "training_loss"))


@checks.of("errors 401", "fine_tunes.list")
def wrong_key(world: World) -> None:
    arguments = command(world, "fine_tunes.list")
    arguments[arguments.index(world.key)] = "sk-wrong"
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 1, done
    assert "Incorrect API key provided: " in done.stderr, done.stderr


@checks.of("errors 404", "fine_tunes.get", "fine_tunes.follow")
def not_found(world: World) -> None:
    for name in ("fine_tunes.get", "fine_tunes.follow"):
        printed = run(world, name, "-i", "ft-none", code=1)
        assert "Could not find fine tune: ft-none (HTTP status code: 404)" in printed, printed


if __name__ == "__main__":
    checks.run("openai")
