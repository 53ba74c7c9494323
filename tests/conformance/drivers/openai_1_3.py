"""Drive `openai==1.3.9`: `fine_tunes`, `fine_tuning.jobs` with automatic paging, `files`, `models`."""

from typing import Any

import openai

from tests.conformance.drivers import openai_1_calls
from tests.conformance.drivers.openai_1_calls import connect, refused
from tests.conformance.drivers.recording import (
    CHAT_FILE,
    COMPLETION_FILE,
    Checks,
    World,
    check_falling,
    check_story,
    column,
)

checks = Checks()
checks.include(openai_1_calls.checks)


def upload(client: Any, content: bytes = COMPLETION_FILE) -> str:
    return openai_1_calls.upload(client, content)


def new(client: Any, **fields: Any) -> Any:
    return client.fine_tunes.create(training_file=upload(client), hyperparameters={"n_epochs": 2}, **fields)


def new_job(client: Any, **fields: Any) -> Any:
    file_id = upload(client, CHAT_FILE)
    return client.fine_tuning.jobs.create(training_file=file_id, model="gpt-3.5-turbo", **fields)


@checks.of("fine-tunes create", "fine_tunes.create")
def create(world: World) -> None:
    client = connect(world)
    file_id = upload(client)
    job = client.fine_tunes.create(
        training_file=file_id,
        validation_file=file_id,
        model="ada",
        suffix="x",
        compute_classification_metrics=True,
        classification_n_classes=2,
    )
    assert job.id.startswith("ft-"), job
    assert (job.status, job.model, job.fine_tuned_model) == ("pending", "ada", None), job
    assert [file.id for file in job.training_files + job.validation_files] == [file_id] * 2, job


@checks.of("fine-tunes list", "fine_tunes.list")
def list_all(world: World) -> None:
    client = connect(world)
    made = [new(client).id for _ in range(3)]
    ids = [job.id for job in client.fine_tunes.list()]
    assert ids[-3:] == made, (made, ids)
    assert len(set(ids)) == len(ids), ids


@checks.of("fine-tunes retrieve", "fine_tunes.retrieve")
def retrieve(world: World) -> None:
    client = connect(world)
    job = new(client)
    world.advance(70)
    assert client.fine_tunes.retrieve(job.id).status == "running"
    world.advance()
    done = client.fine_tunes.retrieve(job.id)
    assert (done.id, done.status) == (job.id, "succeeded"), done
    assert done.fine_tuned_model.startswith("curie:ft-emulator-"), done


@checks.of("fine-tunes events", "fine_tunes.list_events")
def events(world: World) -> None:
    client = connect(world)
    job = new(client)
    world.advance()
    check_story([event.message for event in client.fine_tunes.list_events(job.id).data])


@checks.of("fine-tunes stream", "fine_tunes.list_events(stream=True)")
def stream(world: World) -> None:
    client = connect(world)
    job = new(client)
    messages = []
    for event in client.fine_tunes.list_events(job.id, stream=True):
        messages.append(event.message)
        world.advance(60)  # the next event does not exist before this one has been read
    check_story(messages)


@checks.of("fine-tunes broken stream", "fine_tunes.list_events(stream=True)")
def broken_stream(world: World) -> None:
    client = connect(world)
    job = new(client)
    world.advance()
    world.fault("cut_stream", "events", events=2)
    seen: list[str] = []
    try:
        seen.extend(event.message for event in client.fine_tunes.list_events(job.id, stream=True))
    except Exception:  # noqa: BLE001 - of which kind is the client's own affair
        assert len(seen) == 2, seen
    else:
        raise AssertionError(f"the client took a broken stream for a whole one: {seen}")
    check_story([event.message for event in client.fine_tunes.list_events(job.id, stream=True)])


@checks.of("fine-tunes cancel", "fine_tunes.cancel")
def cancel(world: World) -> None:
    client = connect(world)
    job = client.fine_tunes.cancel(new(client).id)
    assert job.status == "cancelled", job
    body = refused(openai.BadRequestError, client.fine_tunes.cancel, job.id)
    assert body["message"] == f'Cannot cancel a job {job.id} that already has status "cancelled".', body


@checks.of("jobs create", "fine_tuning.jobs.create")
def job_create(world: World) -> None:
    client = connect(world)
    job = new_job(client, hyperparameters={"n_epochs": 2}, suffix="x")
    assert job.id.startswith("ftjob-"), job
    assert (job.object, job.status, job.model) == (
        "fine_tuning.job",
        "validating_files",
        "gpt-3.5-turbo-0125",
    ), job
    assert job.hyperparameters.n_epochs == 2, job


@checks.of("jobs list", "fine_tuning.jobs.list")
def job_list(world: World) -> None:
    client = connect(world)
    made = [new_job(client).id for _ in range(3)][::-1]
    page = client.fine_tuning.jobs.list(limit=2)
    assert [job.id for job in page.data] == made[:2]
    assert client.fine_tuning.jobs.list(limit=1, after=made[1]).data[0].id == made[2]


@checks.of("jobs all pages", "fine_tuning.jobs.list (automatic paging)")
def job_pages(world: World) -> None:
    client = connect(world)
    made = world.seed("openai", *[{"status": "succeeded"} for _ in range(45)])
    ids = [job.id for job in client.fine_tuning.jobs.list(limit=7)]  # this client stops at an empty page only
    assert len(set(ids)) == len(ids), "a job came twice"
    assert [job_id for job_id in ids if job_id in made] == made[::-1]


@checks.of("jobs retrieve", "fine_tuning.jobs.retrieve")
def job_retrieve(world: World) -> None:
    client = connect(world)
    job = new_job(client)
    world.advance()
    done = client.fine_tuning.jobs.retrieve(job.id)
    assert (done.id, done.status) == (job.id, "succeeded"), done
    assert done.fine_tuned_model.startswith("ft:gpt-3.5-turbo-0125:emulator:"), done


@checks.of("jobs events", "fine_tuning.jobs.list_events (automatic paging)")
def job_events(world: World) -> None:
    client = connect(world)
    job = new_job(client)
    world.advance()
    seen = list(client.fine_tuning.jobs.list_events(job.id, limit=11))
    assert len(seen) > 33, len(seen)
    assert len({event.id for event in seen}) == len(seen), "an event came twice"
    assert seen[0].message == "The job has successfully completed"
    assert seen[-1].message == f"Created fine-tuning job: {job.id}"


@checks.of("jobs cancel", "fine_tuning.jobs.cancel")
def job_cancel(world: World) -> None:
    client = connect(world)
    job = client.fine_tuning.jobs.cancel(new_job(client).id)
    assert job.status == "cancelled", job
    refused(openai.BadRequestError, client.fine_tuning.jobs.cancel, job.id)


@checks.of("files list", "files.list")
def file_list(world: World) -> None:
    client = connect(world)
    file_id = upload(client)
    assert next(iter(client.files.list(purpose="fine-tune"))).id == file_id


@checks.of("files content", "files.content", "files.retrieve_content")
def file_content(world: World) -> None:
    client = connect(world)
    content = bytes(range(256)) * 2000
    assert client.files.content(upload(client, content)).content == content
    assert client.files.retrieve_content(upload(client)) == COMPLETION_FILE.decode()


@checks.of("files results", "files.content")
def results(world: World) -> None:
    client = connect(world)
    legacy = new(client, validation_file=upload(client))
    job = new_job(client)
    world.advance()
    (result,) = client.fine_tunes.retrieve(legacy.id).result_files
    csv = client.files.content(result.id).content
    assert len(csv) == result.bytes
    check_falling(column(csv, "training_loss"))
    check_falling(column(csv, "validation_loss"))
    (result_id,) = client.fine_tuning.jobs.retrieve(job.id).result_files
    check_falling(column(client.files.content(result_id).content, "train_loss"))


@checks.of("models delete", "models.delete")
def model_delete(world: World) -> None:
    client = connect(world)
    jobs = new(client), new_job(client)
    world.advance()
    names = (
        client.fine_tunes.retrieve(jobs[0].id).fine_tuned_model,
        client.fine_tuning.jobs.retrieve(jobs[1].id).fine_tuned_model,
    )
    for name in names:
        assert client.models.delete(name).deleted is True
        body = refused(openai.NotFoundError, client.models.retrieve, name)
        assert body["code"] == "model_not_found", body


@checks.of("errors 400", "fine_tunes.create", "fine_tuning.jobs.create")
def bad_request(world: World) -> None:
    client = connect(world)
    body = refused(openai.BadRequestError, client.fine_tunes.create, training_file="file-none")
    assert body["message"] == "No file with ID: file-none", body
    order = {"training_file": "file-none", "model": "gpt-3.5-turbo"}
    assert (
        refused(openai.BadRequestError, client.fine_tuning.jobs.create, **order)["param"] == "training_file"
    )


@checks.of("errors 401", "fine_tunes.list", "fine_tuning.jobs.list")
def wrong_key(world: World) -> None:
    client = connect(world, "sk-wrong")
    for call in (client.fine_tunes.list, client.fine_tuning.jobs.list):
        assert refused(openai.AuthenticationError, call)["code"] == "invalid_api_key"


@checks.of("errors 404", "fine_tunes.retrieve", "fine_tuning.jobs.retrieve")
def not_found(world: World) -> None:
    client = connect(world)
    for call in (client.fine_tunes.retrieve, client.fine_tuning.jobs.retrieve):
        body = refused(openai.NotFoundError, call, "ft-none")
        assert body["message"] == "Could not find fine tune: ft-none", body
        assert (body["param"], body["code"]) == ("fine_tune_id", "fine_tune_not_found"), body


@checks.of("errors 429", "fine_tuning.jobs.create")
def quota(world: World) -> None:
    world.fault("quota", "create")
    body = refused(openai.RateLimitError, new_job, connect(world))
    assert "has reached the maximum of 3 active requests (2 running, 1 pending)" in body["message"], body
    assert (body["type"], body["code"]) == ("invalid_request_error", "rate_limit_exceeded"), body


if __name__ == "__main__":
    checks.run("openai")
