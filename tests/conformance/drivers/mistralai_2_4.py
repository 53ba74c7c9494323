"""Drive `mistralai` 2.4.13, the last line of it that has jobs, against Mistral's server as it was."""

from collections.abc import Callable
from typing import Any

from mistralai.client import Mistral
from mistralai.client.errors import MistralError

from tests.conformance.drivers.recording import CHAT_FILE, LIFETIME, Checks, World

MODEL = "open-mistral-7b"
checks = Checks()


def connect(world: World, key: str | None = None) -> Mistral:
    """The client's own addresses begin with /v1."""
    return Mistral(api_key=key or world.key, server_url=world.base_url.removesuffix("/v1"), timeout_ms=30_000)


def upload(world: World, content: bytes = CHAT_FILE, name: str = "train.jsonl") -> Any:
    return connect(world).files.upload(file={"file_name": name, "content": content}, purpose="fine-tune")


def new_job(world: World, suffix: str, **asked: Any) -> Any:
    """The suffix makes it a job of its own: a similar one would be refused."""
    order: dict[str, Any] = {
        "model": MODEL,
        "training_files": [{"file_id": upload(world).id, "weight": 1}],
        "hyperparameters": {"epochs": 2, "learning_rate": 0.0001},
        "auto_start": True,
    }
    return connect(world).fine_tuning.jobs.create(**{**order, "suffix": suffix, **asked})


def refused(status: int, call: Callable[[], Any]) -> str:
    """Return the body of a refusal with this status."""
    try:
        call()
    except MistralError as error:
        if error.status_code == status:
            return str(error.body)
        raise
    raise AssertionError(f"was not refused with {status}")


def get(world: World, job: Any) -> Any:
    return connect(world).fine_tuning.jobs.get(job_id=job.id)


@checks.of("jobs create", "fine_tuning.jobs.create")
def create(world: World) -> None:
    job = new_job(world, "triage-fabcdefgh", validation_files=[upload(world, name="v.jsonl").id])
    assert (job.status, job.model, job.suffix, job.job_type) == (
        "QUEUED",
        MODEL,
        "triage-fabcdefgh",
        "completion",
    ), job
    assert job.hyperparameters.epochs == 2
    assert job.hyperparameters.warmup_fraction == 0.05, "the server fills in"
    estimate = connect(world).fine_tuning.jobs.create(
        model=MODEL,
        training_files=[{"file_id": upload(world).id}],
        hyperparameters={},
        suffix="held",
        auto_start=False,
    )
    world.advance()
    held = get(world, estimate)
    assert (held.status, held.metadata.cost_currency) == ("VALIDATED", "EUR"), held


@checks.of("jobs start", "fine_tuning.jobs.start")
def start(world: World) -> None:
    job = new_job(world, "started", auto_start=False)
    world.advance()
    assert get(world, job).status == "VALIDATED"
    connect(world).fine_tuning.jobs.start(job_id=job.id)
    world.advance()
    assert get(world, job).status == "SUCCESS"


@checks.of("jobs similar (refused)", "fine_tuning.jobs.create")
def similar(world: World) -> None:
    new_job(world, "twin")
    assert "similar" in refused(409, lambda: new_job(world, "twin"))


@checks.of("jobs list", "fine_tuning.jobs.list")
def list_jobs(world: World) -> None:
    made = {new_job(world, f"listed-{number}").id for number in range(3)}
    jobs = connect(world).fine_tuning.jobs
    assert made <= {job.id for job in jobs.list().data}
    assert [job.suffix for job in jobs.list(suffix="listed-1").data] == ["listed-1"]


@checks.of("jobs all pages", "fine_tuning.jobs.list(page=)")
def all_pages(world: World) -> None:
    for number in range(5):
        new_job(world, f"paged-{number}")
    jobs, found, page = connect(world).fine_tuning.jobs, [], 0
    while True:
        shown = jobs.list(page=page, page_size=2)
        found += [job.id for job in shown.data]
        page += 1
        if len(found) >= shown.total:
            break
    assert len(set(found)) == len(found) >= 5


@checks.of("jobs retrieve", "fine_tuning.jobs.get")
def retrieve(world: World) -> None:
    job = new_job(world, "seen")
    seen = [job.status]
    for seconds in (5, 7, 20, LIFETIME):
        world.advance(seconds)
        seen.append(get(world, job).status)
    assert seen == ["QUEUED", "VALIDATING", "STARTED", "RUNNING", "SUCCESS"], seen
    done = get(world, job)
    assert done.fine_tuned_model.startswith(f"ft:{MODEL}:seen:"), done
    assert done.trained_tokens > 0


@checks.of("jobs events", "fine_tuning.jobs.get")
def events(world: World) -> None:
    job = new_job(world, "told", hyperparameters={"epochs": 4})
    world.advance()
    done = get(world, job)
    told = [event.data["status"] for event in reversed(done.events)]
    assert told == ["QUEUED", "VALIDATING", "VALIDATED", "STARTED", "RUNNING", "SUCCESS"], told
    losses = [checkpoint.metrics.train_loss for checkpoint in done.checkpoints]
    assert losses == sorted(losses, reverse=True), losses


@checks.of("jobs cancel", "fine_tuning.jobs.cancel")
def cancel(world: World) -> None:
    job = new_job(world, "stopped")
    jobs = connect(world).fine_tuning.jobs
    assert jobs.cancel(job_id=job.id).status == "CANCELLATION_REQUESTED"
    world.advance()
    assert get(world, job).status == "CANCELLED"
    refused(400, lambda: jobs.cancel(job_id=job.id))


@checks.of("files create", "files.upload")
def files_create(world: World) -> None:
    file = upload(world, name="new.jsonl")
    assert (file.purpose, file.filename, file.size_bytes) == ("fine-tune", "new.jsonl", len(CHAT_FILE)), file
    assert upload(world, name="new.jsonl").id == file.id, "the same name and content"


@checks.of("files list", "files.list")
def files_list(world: World) -> None:
    made = {upload(world, name=f"{number}.jsonl").id for number in range(3)}
    files = connect(world).files
    assert made <= {file.id for file in files.list(purpose="fine-tune").data}
    assert len(files.list(page=0, page_size=2).data) == 2


@checks.of("files retrieve", "files.retrieve")
def files_retrieve(world: World) -> None:
    file = upload(world)
    shown = connect(world).files.retrieve(file_id=file.id)
    assert (shown.id, shown.num_lines, shown.deleted) == (file.id, 12, False), shown


@checks.of("files content", "files.download")
def files_content(world: World) -> None:
    file = upload(world)
    assert connect(world).files.download(file_id=file.id).read() == CHAT_FILE


@checks.of("files delete", "files.delete")
def files_delete(world: World) -> None:
    file = upload(world, name="gone.jsonl")
    files = connect(world).files
    assert files.delete(file_id=file.id).deleted
    refused(404, lambda: files.retrieve(file_id=file.id))


@checks.of("models list", "models.list")
def models_list(world: World) -> None:
    assert MODEL in {model.id for model in connect(world).models.list().data}


@checks.of("models retrieve", "models.retrieve")
def models_retrieve(world: World) -> None:
    job = new_job(world, "model")
    world.advance()
    model = connect(world).models.retrieve(model_id=get(world, job).fine_tuned_model)
    assert (model.job, model.root) == (job.id, MODEL), model


@checks.of("models delete", "models.delete")
def models_delete(world: World) -> None:
    job = new_job(world, "dropped")
    world.advance()
    name, models = get(world, job).fine_tuned_model, connect(world).models
    assert models.delete(model_id=name).deleted
    refused(404, lambda: models.retrieve(model_id=name))


@checks.of("errors 401", "fine_tuning.jobs.list")
def wrong_key(world: World) -> None:
    refused(401, connect(world, "sk-wrong").fine_tuning.jobs.list)


@checks.of("errors 404", "fine_tuning.jobs.get")
def unknown(world: World) -> None:
    missing = "00000000-0000-0000-0000-000000000000"
    refused(404, lambda: connect(world).fine_tuning.jobs.get(job_id=missing))


@checks.of("errors 422", "fine_tuning.jobs.create")
def unfit(world: World) -> None:
    assert "At least one training file" in refused(422, lambda: new_job(world, "none", training_files=[]))
    assert "not available" in refused(422, lambda: new_job(world, "model", model="unknown"))


@checks.of("errors 429", "fine_tuning.jobs.create")
def busy(world: World) -> None:
    world.fault("quota", "create")
    refused(429, lambda: new_job(world, "busy"))


@checks.of("jobs metrics", "fine_tuning.jobs.get")
def metrics(world: World) -> None:
    job = new_job(world, "curve", hyperparameters={"epochs": 8})
    world.advance()
    made = get(world, job).checkpoints
    assert [checkpoint.step_number for checkpoint in made] == sorted(one.step_number for one in made)
    assert all(checkpoint.metrics.train_loss > 0 for checkpoint in made)


if __name__ == "__main__":
    checks.run("mistralai")
