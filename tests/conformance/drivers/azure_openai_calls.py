"""What `openai.AzureOpenAI` and `openai.OpenAI` at `/openai/v1/` both do with Azure: jobs, files, models."""

from collections.abc import Callable
from typing import Any

import openai

from tests.conformance.drivers.recording import CHAT_FILE, LIFETIME, Checks, World, check_falling, column

checks = Checks()
MODEL = "gpt-4.1-mini-2025-04-14"
PROCESSED = 10
KIND = {"trainingType": "GlobalStandard"}
connections: list[Callable[[World, str], Any]] = []
"""How the driver that runs connects: it puts its one way here."""


def connect(world: World, key: str | None = None) -> Any:
    return connections[0](world, key or world.key)


def upload(world: World, client: Any, content: bytes = CHAT_FILE) -> str:
    """Upload a file, and let the time pass that it needs."""
    file_id: str = client.files.create(file=("train.jsonl", content), purpose="fine-tune").id
    world.advance(PROCESSED)
    return file_id


def new_job(world: World, client: Any, **fields: Any) -> Any:
    fields.setdefault("training_file", upload(world, client))
    return client.fine_tuning.jobs.create(model=MODEL, extra_body=KIND, **fields)


def refused(kind: type[Exception], call: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
    """Return the body of the error with which a call is refused."""
    try:
        answer = call(*arguments, **options)
    except kind as error:
        body: dict[str, Any] = vars(error)["body"]
        return body
    raise AssertionError(f"not refused: {answer}")


@checks.of("jobs create", "fine_tuning.jobs.create")
def create(world: World) -> None:
    client = connect(world)
    file_id = client.files.create(file=("train.jsonl", CHAT_FILE), purpose="fine-tune").id
    body = refused(openai.BadRequestError, client.fine_tuning.jobs.create, training_file=file_id, model=MODEL)
    assert body["message"] == "The specified base model does not support fine-tuning.", body
    pending = {"training_file": file_id, "model": MODEL, "extra_body": KIND}
    body = refused(openai.BadRequestError, client.fine_tuning.jobs.create, **pending)
    assert "state pending" in body["message"], body
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}
    job = new_job(world, client, suffix="triage", seed=42, method=method)
    assert job.id.startswith("ftjob-"), job
    assert (job.object, job.status, job.model, job.seed) == ("fine_tuning.job", "pending", MODEL, 42), job
    assert (job.suffix, job.hyperparameters.n_epochs, job.hyperparameters.batch_size) == ("triage", 2, -1)
    assert (job.organization_id, job.result_files) == (None, None), job


@checks.of("jobs list", "fine_tuning.jobs.list")
def list_jobs(world: World) -> None:
    client = connect(world)
    made = [new_job(world, client).id for _ in range(3)][::-1]
    page = client.fine_tuning.jobs.list(limit=2)
    assert ([job.id for job in page.data], page.has_more) == (made[:2], True), page
    assert client.fine_tuning.jobs.list(limit=1, after=made[1]).data[0].id == made[2]


@checks.of("jobs all pages", "fine_tuning.jobs.list (automatic paging)")
def pages(world: World) -> None:
    client = connect(world)
    made = world.seed("azure_openai", *[{"status": "succeeded"} for _ in range(45)])
    ids = [job.id for job in client.fine_tuning.jobs.list(limit=7)]
    assert len(set(ids)) == len(ids), "a job came twice"
    assert [job_id for job_id in ids if job_id in made] == made[::-1]


@checks.of("jobs retrieve", "fine_tuning.jobs.retrieve")
def retrieve(world: World) -> None:
    client = connect(world)
    job = new_job(world, client, suffix="triage")
    statuses = [job.status]
    for seconds in (25, 40, LIFETIME):
        world.advance(seconds)
        statuses.append(client.fine_tuning.jobs.retrieve(job.id).status)
    assert statuses == ["pending", "pending", "running", "succeeded"], statuses
    done = client.fine_tuning.jobs.retrieve(job.id)
    assert done.fine_tuned_model == f"{MODEL}.ft-{job.id.removeprefix('ftjob-')}-triage", done
    assert done.trained_tokens > 0, done
    assert done.finished_at > done.created_at, done
    assert len(done.result_files) == 1, done


@checks.of("jobs events", "fine_tuning.jobs.list_events (automatic paging)")
def events(world: World) -> None:
    client = connect(world)
    job = new_job(world, client, validation_file=upload(world, client))
    world.advance()
    seen = list(client.fine_tuning.jobs.list_events(job.id, limit=11))
    assert len({event.id for event in seen}) == len(seen), "an event came twice"
    assert seen[0].message == "Job enqueued. Waiting for jobs ahead to complete."
    assert seen[-1].message == "Job succeeded."
    times = [event.created_at for event in seen]
    assert times == sorted(times), times
    check_falling([event.data["train_loss"] for event in seen if event.type == "metrics"])


@checks.of("jobs cancel", "fine_tuning.jobs.cancel")
def cancel(world: World) -> None:
    client = connect(world)
    job = client.fine_tuning.jobs.cancel(new_job(world, client).id)
    assert job.status == "cancelled", job
    body = refused(openai.BadRequestError, client.fine_tuning.jobs.cancel, job.id)
    assert body["code"] == "unexpectedEntityState", body


@checks.of("jobs checkpoints", "fine_tuning.jobs.checkpoints.list (automatic paging)")
def checkpoints(world: World) -> None:
    client = connect(world)
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}
    job = new_job(world, client, method=method, validation_file=upload(world, client))
    assert client.fine_tuning.jobs.checkpoints.list(job.id).data == []
    world.advance()
    made = list(client.fine_tuning.jobs.checkpoints.list(job.id, limit=2))
    assert [checkpoint.step_number for checkpoint in made] == [12, 24, 36], made
    again = client.fine_tuning.jobs.create(
        training_file=job.training_file, model=made[-1].fine_tuned_model_checkpoint, extra_body=KIND
    )
    assert again.model == made[-1].fine_tuned_model_checkpoint, again


@checks.of("jobs pause", "fine_tuning.jobs.pause")
def pause(world: World) -> None:
    client = connect(world)
    job = new_job(world, client)
    world.advance(70)
    assert client.fine_tuning.jobs.pause(job.id).status == "pausing"
    world.advance()
    paused = client.fine_tuning.jobs.retrieve(job.id)
    assert paused.status == "paused", paused
    assert paused.finished_at is not None, paused


@checks.of("jobs resume", "fine_tuning.jobs.resume")
def resume(world: World) -> None:
    client = connect(world)
    job = new_job(world, client)
    world.advance(70)
    client.fine_tuning.jobs.pause(job.id)
    world.advance()
    assert client.fine_tuning.jobs.resume(job.id).status == "resuming"
    world.advance()
    assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"
    refused(openai.BadRequestError, client.fine_tuning.jobs.resume, job.id)


@checks.of("files create", "files.create", "files.wait_for_processing")
def file_create(world: World) -> None:
    client = connect(world)
    file = client.files.create(file=("a.jsonl", CHAT_FILE), purpose="fine-tune")
    assert (file.filename, file.bytes, file.status) == ("a.jsonl", len(CHAT_FILE), "pending"), file
    world.advance(PROCESSED)
    assert client.files.wait_for_processing(file.id).status == "processed"


@checks.of("files list", "files.list")
def file_list(world: World) -> None:
    client = connect(world)
    made = [upload(world, client) for _ in range(3)][::-1]
    assert [file.id for file in client.files.list(purpose="fine-tune").data][:3] == made


@checks.of("files retrieve", "files.retrieve")
def file_retrieve(world: World) -> None:
    client = connect(world)
    file = client.files.retrieve(upload(world, client))
    assert (file.object, file.bytes) == ("file", len(CHAT_FILE)), file


@checks.of("files content", "files.content")
def file_content(world: World) -> None:
    client = connect(world)
    content = bytes(range(256)) * 2000
    assert client.files.content(upload(world, client, content)).content == content


@checks.of("files results", "files.content")
def results(world: World) -> None:
    client = connect(world)
    job = new_job(world, client, validation_file=upload(world, client))
    world.advance()
    (file_id,) = client.fine_tuning.jobs.retrieve(job.id).result_files
    csv = client.files.content(file_id).content
    assert len(csv) == client.files.retrieve(file_id).bytes
    check_falling(column(csv, "train_loss"))
    check_falling(column(csv, "valid_loss"))


@checks.of("files delete", "files.delete")
def file_delete(world: World) -> None:
    client = connect(world)
    file_id = upload(world, client)
    assert client.files.delete(file_id).deleted is True
    assert refused(openai.NotFoundError, client.files.retrieve, file_id)["code"] == "notFound"


@checks.of("models list", "models.list")
def model_list(world: World) -> None:
    found = {model.id: model for model in connect(world).models.list()}
    assert found[MODEL].deprecation["fine_tune"] < found[MODEL].deprecation["inference"], found[MODEL]


@checks.of("models retrieve", "models.retrieve")
def model_retrieve(world: World) -> None:
    client = connect(world)
    job = new_job(world, client)
    world.advance()
    name = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
    model = client.models.retrieve(name)
    assert (model.id, model.model, model.fine_tune) == (name, MODEL, job.id), model


@checks.of("errors 400", "fine_tuning.jobs.create")
def bad_request(world: World) -> None:
    client = connect(world)
    file_id = upload(world, client)
    wrong: tuple[dict[str, Any], ...] = (
        {"training_file": "file-none"},
        {"model": "gpt-9"},
        {"suffix": "x" * 65},
        {"extra_body": {"trainingType": "Cheap"}},
    )
    for fields in wrong:
        order = {"training_file": file_id, "model": MODEL, "extra_body": KIND} | fields
        body = refused(openai.BadRequestError, client.fine_tuning.jobs.create, **order)
        assert body["code"] == "invalidPayload", body


@checks.of("errors 401", "fine_tuning.jobs.list")
def wrong_key(world: World) -> None:
    body = refused(openai.AuthenticationError, connect(world, "wrong").fine_tuning.jobs.list)
    assert body["code"] == "401", body
    assert body["message"].startswith("Access denied due to invalid subscription key"), body


@checks.of("errors 404", "fine_tuning.jobs.retrieve", "list_events", "checkpoints.list", "cancel")
def not_found(world: World) -> None:
    jobs = connect(world).fine_tuning.jobs
    for call in (jobs.retrieve, jobs.list_events, jobs.checkpoints.list, jobs.cancel):
        assert refused(openai.NotFoundError, call, "123")["code"] == "notFound"


@checks.of("errors 429", "fine_tuning.jobs.create")
def quota(world: World) -> None:
    world.fault("quota", "create")
    assert refused(openai.RateLimitError, new_job, world, connect(world))["code"] == "quotaExceeded"
