"""Drive the newest `openai`: jobs, metadata filter, events, checkpoints, pause, resume; files and models."""

import openai

from tests.conformance.drivers import openai_1_calls
from tests.conformance.drivers.openai_1_calls import connect, new_job, refused, upload
from tests.conformance.drivers.recording import LIFETIME, Checks, World, check_falling, column

checks = Checks()
checks.include(openai_1_calls.checks)
HOUR = 3600


@checks.of("jobs create", "fine_tuning.jobs.create")
def create(world: World) -> None:
    client = connect(world)
    job = new_job(
        client,
        validation_file=upload(client),
        suffix="triage",
        seed=42,
        metadata={"team": "support"},
        integrations=[{"type": "wandb", "wandb": {"project": "p", "tags": ["a"]}}],
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}},
    )
    assert job.id.startswith("ftjob-"), job
    assert (job.object, job.status) == ("fine_tuning.job", "validating_files"), job
    assert (job.model, job.seed) == ("gpt-4o-mini-2024-07-18", 42), job
    assert job.metadata == {"team": "support"}, job
    assert job.integrations[0].wandb.project == "p", job
    assert (job.method.type, job.hyperparameters.n_epochs) == ("supervised", 2), job


@checks.of("jobs list", "fine_tuning.jobs.list")
def list_jobs(world: World) -> None:
    client = connect(world)
    made = [new_job(client).id for _ in range(3)][::-1]
    page = client.fine_tuning.jobs.list(limit=2)
    assert ([job.id for job in page.data], page.has_more) == (made[:2], True), page
    assert client.fine_tuning.jobs.list(limit=1, after=made[1]).data[0].id == made[2]


@checks.of("jobs all pages", "fine_tuning.jobs.list (automatic paging)")
def pages(world: World) -> None:
    client = connect(world)
    made = world.seed("openai", *[{"status": "succeeded"} for _ in range(45)])
    before = world.requests("list")
    ids = [job.id for job in client.fine_tuning.jobs.list(limit=7)]
    assert len(set(ids)) == len(ids), "a job came twice"
    assert [job_id for job_id in ids if job_id in made] == made[::-1]
    assert world.requests("list") - before == -(-len(ids) // 7), "has_more must save the empty page"


@checks.of("jobs metadata filter", "fine_tuning.jobs.list(metadata=)")
def metadata(world: World) -> None:
    client = connect(world)
    both = new_job(client, metadata={"squad": "red", "name": "a"}).id
    one = new_job(client, metadata={"squad": "red"}).id
    new_job(client, metadata={"squad": "blue", "name": "a"})

    def ids(wanted: dict[str, str]) -> list[str]:
        return [job.id for job in client.fine_tuning.jobs.list(metadata=wanted)]

    assert ids({"squad": "red"}) == [one, both]
    assert ids({"squad": "red", "name": "a"}) == [both]
    assert ids({"squad": "none"}) == []


@checks.of("jobs retrieve", "fine_tuning.jobs.retrieve")
def retrieve(world: World) -> None:
    client = connect(world)
    job = new_job(client, suffix="triage")
    statuses = [job.status]
    for seconds in (25, 40, LIFETIME):
        world.advance(seconds)
        statuses.append(client.fine_tuning.jobs.retrieve(job.id).status)
    assert statuses == ["validating_files", "queued", "running", "succeeded"], statuses
    done = client.fine_tuning.jobs.retrieve(job.id)
    assert done.fine_tuned_model.startswith("ft:gpt-4o-mini-2024-07-18:emulator:triage:"), done
    assert done.trained_tokens > 0, done
    assert done.finished_at > done.created_at, done
    assert len(done.result_files) == 1, done


@checks.of("jobs events", "fine_tuning.jobs.list_events (automatic paging)")
def events(world: World) -> None:
    client = connect(world)
    job = new_job(client, validation_file=upload(client))
    world.advance()
    seen = list(client.fine_tuning.jobs.list_events(job.id, limit=11))
    assert len({event.id for event in seen}) == len(seen), "an event came twice"
    assert seen[0].message == "The job has successfully completed"
    assert seen[-1].message == f"Created fine-tuning job: {job.id}"
    times = [event.created_at for event in seen]
    assert times == sorted(times, reverse=True), times
    figures = [event.data for event in seen[::-1] if event.type == "metrics"]
    steps = [figure["step"] for figure in figures]
    assert steps == sorted(set(steps)), steps
    check_falling([figure["train_loss"] for figure in figures])
    check_falling([figure["valid_loss"] for figure in figures])


@checks.of("jobs checkpoints", "fine_tuning.jobs.checkpoints.list (automatic paging)")
def checkpoints(world: World) -> None:
    client = connect(world)
    job = new_job(client, hyperparameters={"n_epochs": 3}, validation_file=upload(client))
    assert client.fine_tuning.jobs.checkpoints.list(job.id).data == []
    world.advance()
    made = list(client.fine_tuning.jobs.checkpoints.list(job.id, limit=2))
    assert [checkpoint.step_number for checkpoint in made] == [36, 24, 12], made
    assert len({checkpoint.id for checkpoint in made}) == len(made), made
    model = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
    assert made[-1].fine_tuned_model_checkpoint == f"{model}:ckpt-step-12", made[-1]
    losses = [checkpoint.metrics.full_valid_loss for checkpoint in made]
    assert losses == sorted(losses), losses
    again = new_job(client, suffix="next")
    chained = client.fine_tuning.jobs.create(
        training_file=again.training_file, model=made[-1].fine_tuned_model_checkpoint
    )
    assert chained.model == made[-1].fine_tuned_model_checkpoint, chained


@checks.of("jobs pause", "fine_tuning.jobs.pause")
def pause(world: World) -> None:
    client = connect(world)
    job = new_job(client)
    world.advance(70)
    assert client.fine_tuning.jobs.pause(job.id).status == "paused"
    world.advance()
    assert client.fine_tuning.jobs.retrieve(job.id).status == "paused"
    body = refused(openai.BadRequestError, client.fine_tuning.jobs.pause, job.id)
    assert body["message"] == f'Cannot pause a job {job.id} that already has status "paused".', body


@checks.of("jobs resume", "fine_tuning.jobs.resume")
def resume(world: World) -> None:
    client = connect(world)
    job = new_job(client)
    world.advance(70)
    client.fine_tuning.jobs.pause(job.id)
    world.advance()
    assert client.fine_tuning.jobs.resume(job.id).status == "running"
    world.advance()
    assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"
    messages = [event.message for event in client.fine_tuning.jobs.list_events(job.id)]
    assert messages.index("Fine-tuning job resumed") < messages.index("Fine-tuning job paused"), messages
    refused(openai.BadRequestError, client.fine_tuning.jobs.resume, job.id)


@checks.of("jobs cancel", "fine_tuning.jobs.cancel")
def cancel(world: World) -> None:
    client = connect(world)
    job = client.fine_tuning.jobs.cancel(new_job(client).id)
    assert job.status == "cancelled", job
    body = refused(openai.BadRequestError, client.fine_tuning.jobs.cancel, job.id)
    assert body["message"] == f'Cannot cancel a job {job.id} that already has status "cancelled".', body


@checks.of("files list", "files.list (automatic paging)")
def file_list(world: World) -> None:
    client = connect(world)
    made = [upload(client) for _ in range(5)][::-1]
    ids = [file.id for file in client.files.list(purpose="fine-tune", limit=2)]
    assert ids[:5] == made, (made, ids)
    assert len(set(ids)) == len(ids), "a file came twice"


@checks.of("files content", "files.content")
def file_content(world: World) -> None:
    client = connect(world)
    content = bytes(range(256)) * 2000
    assert client.files.content(upload(client, content)).content == content


@checks.of("files results", "files.content")
def results(world: World) -> None:
    client = connect(world)
    job = new_job(client, validation_file=upload(client))
    world.advance()
    (file_id,) = client.fine_tuning.jobs.retrieve(job.id).result_files
    csv = client.files.content(file_id).content
    assert len(csv) == client.files.retrieve(file_id).bytes
    check_falling(column(csv, "train_loss"))
    check_falling(column(csv, "valid_loss"))


@checks.of("files expiry", "files.create(expires_after=)")
def expiry(world: World) -> None:
    client = connect(world)
    file_id = upload(client, expires_after={"anchor": "created_at", "seconds": HOUR})
    file = client.files.retrieve(file_id)
    assert file.expires_at == file.created_at + HOUR, file
    world.advance(HOUR + 1)
    refused(openai.NotFoundError, client.files.retrieve, file_id)
    order = {"training_file": file_id, "model": "gpt-4o-mini"}
    assert (
        refused(openai.BadRequestError, client.fine_tuning.jobs.create, **order)["param"] == "training_file"
    )


@checks.of("models delete", "models.delete")
def model_delete(world: World) -> None:
    client = connect(world)
    job = new_job(client)
    world.advance()
    name = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
    assert client.models.delete(name).deleted is True
    body = refused(openai.NotFoundError, client.models.delete, name)
    assert (body["message"], body["code"]) == (f"The model '{name}' does not exist", "model_not_found"), body


@checks.of("errors 400", "fine_tuning.jobs.create")
def bad_request(world: World) -> None:
    client = connect(world)
    file_id = upload(client)
    for fields, param in (
        ({"training_file": "file-none"}, "training_file"),
        ({"model": "gpt-9"}, "model"),
        ({"suffix": "x" * 65}, "suffix"),
        ({"metadata": {str(number): "x" for number in range(17)}}, "metadata"),
    ):
        order = {"training_file": file_id, "model": "gpt-4o-mini"} | fields
        body = refused(openai.BadRequestError, client.fine_tuning.jobs.create, **order)
        assert (body["param"], body["type"]) == (param, "invalid_request_error"), body


@checks.of("errors 401", "fine_tuning.jobs.list")
def wrong_key(world: World) -> None:
    body = refused(openai.AuthenticationError, connect(world, "sk-wrong").fine_tuning.jobs.list)
    assert body["code"] == "invalid_api_key", body
    assert body["message"].startswith("Incorrect API key provided: "), body


@checks.of("errors 404", "fine_tuning.jobs.retrieve", "list_events", "checkpoints.list", "cancel")
def not_found(world: World) -> None:
    jobs = connect(world).fine_tuning.jobs
    for call in (jobs.retrieve, jobs.list_events, jobs.checkpoints.list, jobs.cancel):
        body = refused(openai.NotFoundError, call, "123")
        assert body["message"] == "Could not find fine tune: 123", body
        assert (body["param"], body["code"]) == ("fine_tune_id", "fine_tune_not_found"), body


@checks.of("errors 429", "fine_tuning.jobs.create")
def quota(world: World) -> None:
    world.fault("quota", "create")
    body = refused(openai.RateLimitError, new_job, connect(world))
    assert "has reached the maximum of 3 active requests (2 running, 1 pending)" in body["message"], body
    assert (body["type"], body["code"]) == ("invalid_request_error", "rate_limit_exceeded"), body


if __name__ == "__main__":
    checks.run("openai")
