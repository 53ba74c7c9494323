"""Drive Nebius with the newest `openai`, as its guide does: jobs, events, checkpoints, files."""

from typing import Any

import openai

from tests.conformance.drivers.openai_1_calls import connect, refused, upload
from tests.conformance.drivers.recording import CHAT_FILE, LIFETIME, Checks, World

MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct"
checks = Checks()


def new_job(world: World, **fields: Any) -> Any:
    client = connect(world)
    return client.fine_tuning.jobs.create(training_file=upload(client), model=MODEL, **fields)


@checks.of("jobs create", "fine_tuning.jobs.create")
def create(world: World) -> None:
    job = new_job(world, suffix="triage", hyperparameters={"lora": True, "lora_r": 16, "n_epochs": 2})
    assert (job.status, job.model, job.suffix) == ("validating_files", MODEL, "triage"), job
    asked = job.hyperparameters.to_dict()
    assert (asked["lora"], asked["lora_r"], asked["batch_size"]) == (True, 16, 8), asked
    assert (job.organization_id, job.seed) == ("", 0), job


@checks.of("jobs list", "fine_tuning.jobs.list")
def list_jobs(world: World) -> None:
    made = [new_job(world).id for _ in range(3)][::-1]
    page = connect(world).fine_tuning.jobs.list(limit=1)
    assert [job.id for job in page.data][:3] == made, "there is no limit"
    assert page.has_more is False, page


@checks.of("jobs retrieve", "fine_tuning.jobs.retrieve")
def retrieve(world: World) -> None:
    job = new_job(world)
    world.advance()
    done = connect(world).fine_tuning.jobs.retrieve(job.id)
    assert (done.status, getattr(done, "fine_tuned_model", None)) == ("succeeded", None), done


@checks.of("jobs checkpoints", "fine_tuning.jobs.checkpoints.list")
def checkpoints(world: World) -> None:
    job = new_job(world, hyperparameters={"n_epochs": 2})
    world.advance(LIFETIME)
    made = connect(world).fine_tuning.jobs.checkpoints.list(job.id).data
    assert made, "a job that is over has checkpoints"
    assert all(point.result_files and point.fine_tuned_model_checkpoint for point in made), made


@checks.of("jobs events", "fine_tuning.jobs.list_events")
def events(world: World) -> None:
    job = new_job(world)
    world.advance()
    assert connect(world).fine_tuning.jobs.list_events(job.id).data


@checks.of("jobs cancel", "fine_tuning.jobs.cancel")
def cancel(world: World) -> None:
    assert connect(world).fine_tuning.jobs.cancel(new_job(world).id).status == "cancelled"


@checks.of("files create", "files.create")
def file_create(world: World) -> None:
    file = connect(world).files.create(file=("a.jsonl", CHAT_FILE), purpose="fine-tune")
    assert (file.filename, file.bytes) == ("a.jsonl", len(CHAT_FILE)), file


@checks.of("errors 404", "fine_tuning.jobs.retrieve")
def error_404(world: World) -> None:
    body = refused(openai.NotFoundError, connect(world).fine_tuning.jobs.retrieve, "ftjob-none")
    assert "ftjob-none" in str(body), body


if __name__ == "__main__":
    checks.run("openai")
