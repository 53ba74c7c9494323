"""Drive the library `openai==0.28.1`: all of FineTune, FineTuningJob, File and Model."""

import asyncio
from collections.abc import Callable
from typing import Any

import openai

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
Call = Callable[..., Any]


def prepare(world: World) -> None:
    openai.api_base = world.base_url
    openai.api_requestor.TIMEOUT_SECS = 30  # a stream that stalls is a failed cell, not ten minutes
    openai.api_key = world.key


def upload(content: bytes = COMPLETION_FILE, name: str = "train.jsonl") -> str:
    file_id: str = openai.File.create(file=content, purpose="fine-tune", user_provided_filename=name).id
    return file_id


def new(**fields: Any) -> Any:
    return openai.FineTune.create(training_file=upload(), n_epochs=2, **fields)


def new_job(**fields: Any) -> Any:
    return openai.FineTuningJob.create(training_file=upload(CHAT_FILE), model="gpt-4o-mini", **fields)


def refused(status: int, kind: type[Exception], call: Call, *arguments: Any, **options: Any) -> Any:
    """Return the error with which a call is refused."""
    try:
        answer = call(*arguments, **options)
    except kind as error:
        refusal: Any = error
    else:
        raise AssertionError(f"not refused: {answer}")
    assert refusal.http_status == status, refusal
    return refusal


@checks.of("fine-tunes create", "FineTune.create", "FineTune.acreate")
def create(world: World) -> None:
    file_id = upload()
    order = {"training_file": file_id, "validation_file": file_id, "model": "ada", "n_epochs": 2}
    for job in (openai.FineTune.create(**order), asyncio.run(openai.FineTune.acreate(**order))):
        assert job.id.startswith("ft-"), job
        assert (job.object, job.status, job.model) == ("fine-tune", "pending", "ada"), job
        assert (job.hyperparams.n_epochs, job.fine_tuned_model) == (2, None), job
        assert [file.id for file in job.training_files + job.validation_files] == [file_id] * 2, job
        assert [event.message for event in job.events] == [f"Created fine-tune: {job.id}"], job


@checks.of("fine-tunes list", "FineTune.list", "FineTune.alist")
def list_all(world: World) -> None:
    made = [new().id for _ in range(3)]
    for listed in (openai.FineTune.list(), asyncio.run(openai.FineTune.alist())):
        ids = [job.id for job in listed.data]
        assert ids[-3:] == made, (made, ids)
        assert len(set(ids)) == len(ids), ids
        assert all("events" not in job for job in listed.data), "events are not in lists"


@checks.of("fine-tunes retrieve", "FineTune.retrieve", "FineTune.aretrieve", "refresh", "arefresh")
def retrieve(world: World) -> None:
    job = new(suffix="My Model")
    assert job.refresh().status == "pending"
    world.advance(70)
    assert openai.FineTune.retrieve(job.id).status == "running"
    world.advance()
    for done in (openai.FineTune.retrieve(job.id), asyncio.run(openai.FineTune.aretrieve(job.id))):
        assert (done.id, done.status) == (job.id, "succeeded"), done
        assert done.fine_tuned_model.startswith("curie:ft-emulator:my-model-"), done
        assert [file.filename for file in done.result_files] == ["compiled_results.csv"], done
    assert job.refresh().status == asyncio.run(job.arefresh()).status == "succeeded"


@checks.of("fine-tunes events", "FineTune.list_events")
def events(world: World) -> None:
    job = new()
    world.advance()
    listed = openai.FineTune.list_events(job.id)
    assert listed.object == "list"
    check_story([event.message for event in listed.data])
    times = [event.created_at for event in listed.data]
    assert times == sorted(times), times


@checks.of("fine-tunes stream", "FineTune.stream_events", "FineTune.astream_events")
def stream(world: World) -> None:
    job = new()
    messages = []
    for event in openai.FineTune.stream_events(job.id):
        assert event.object == "fine-tune-event", event
        messages.append(event.message)
        world.advance(60)  # the next event does not exist before this one has been read
    check_story(messages)

    async def follow() -> list[str]:
        return [event.message async for event in await openai.FineTune.astream_events(job.id)]

    check_story(asyncio.run(follow()))


@checks.of("fine-tunes broken stream", "FineTune.stream_events")
def broken_stream(world: World) -> None:
    job = new()
    world.advance()
    world.fault("error_stream", "events", events=2, message="Overloaded.")
    world.fault("cut_stream", "events", events=2)
    for fault in ("error", "cut"):
        seen: list[str] = []
        try:
            seen.extend(event.message for event in openai.FineTune.stream_events(job.id))
        except Exception:  # noqa: BLE001 - of which kind is the client's own affair
            assert len(seen) == 2, (fault, seen)
        else:
            raise AssertionError(f"{fault}: the client took a broken stream for a whole one: {seen}")
    check_story([event.message for event in openai.FineTune.stream_events(job.id)])


@checks.of("fine-tunes cancel", "FineTune.cancel", "FineTune.acancel")
def cancel(world: World) -> None:
    for cancelled in (openai.FineTune.cancel(new().id), asyncio.run(openai.FineTune.acancel(new().id))):
        assert cancelled.status == "cancelled", cancelled
        assert cancelled.events[-1].message == "Fine-tune cancelled", cancelled
        error = refused(400, openai.error.InvalidRequestError, openai.FineTune.cancel, cancelled.id)
        words = f'Cannot cancel a job {cancelled.id} that already has status "cancelled".'
        assert error.user_message == words, error


@checks.of("fine-tunes delete (refused)", "FineTune.delete", "FineTune.adelete")
def delete(world: World) -> None:
    job = new()
    refused(405, openai.error.APIError, openai.FineTune.delete, job.id)
    refused(405, openai.error.APIError, lambda: asyncio.run(openai.FineTune.adelete(job.id)))
    assert openai.FineTune.retrieve(job.id).status == "pending"


@checks.of("jobs create", "FineTuningJob.create", "FineTuningJob.acreate")
def job_create(world: World) -> None:
    file_id = upload(CHAT_FILE)
    order = {"training_file": file_id, "model": "gpt-3.5-turbo", "hyperparameters": {"n_epochs": 2}}
    for job in (
        openai.FineTuningJob.create(**order),
        asyncio.run(openai.FineTuningJob.acreate(**order)),
    ):
        assert job.id.startswith("ftjob-"), job
        assert (job.object, job.status) == ("fine_tuning.job", "validating_files"), job
        assert (job.training_file, job.hyperparameters.n_epochs) == (file_id, 2), job


@checks.of("jobs list", "FineTuningJob.list", "FineTuningJob.alist")
def job_list(world: World) -> None:
    made = [new_job().id for _ in range(3)][::-1]
    first = openai.FineTuningJob.list(limit=2)
    assert [job.id for job in first.data] == made[:2]
    assert first.has_more is True
    rest = asyncio.run(openai.FineTuningJob.alist(limit=2, after=made[1]))
    assert rest.data[0].id == made[2]


@checks.of("jobs all pages", "FineTuningJob.auto_paging_iter")
def job_pages(world: World) -> None:
    made = world.seed("openai", *[{"status": "succeeded"} for _ in range(45)])
    ids = [job.id for job in openai.FineTuningJob.auto_paging_iter()]
    assert len(set(ids)) == len(ids), "a job came twice"
    assert [job_id for job_id in ids if job_id in made] == made[::-1]
    assert ids == [job.id for job in openai.FineTuningJob.auto_paging_iter(limit=7)]


@checks.of("jobs retrieve", "FineTuningJob.retrieve", "FineTuningJob.aretrieve", "refresh", "arefresh")
def job_retrieve(world: World) -> None:
    job = new_job(suffix="my-model")
    world.advance()
    retrieved = (
        openai.FineTuningJob.retrieve(job.id),
        asyncio.run(openai.FineTuningJob.aretrieve(job.id)),
        job.refresh(),
        asyncio.run(job.arefresh()),
    )
    for done in retrieved:
        assert (done.id, done.status) == (job.id, "succeeded"), done
        assert done.fine_tuned_model.startswith("ft:gpt-4o-mini-2024-07-18:emulator:my-model:"), done
        assert done.trained_tokens > 0, done


@checks.of("jobs events", "FineTuningJob.list_events")
def job_events(world: World) -> None:
    job = new_job(validation_file=upload(CHAT_FILE))
    world.advance()
    seen: list[Any] = []
    page = openai.FineTuningJob.list_events(job.id, limit=13)
    seen += page.data
    while page.has_more:
        page = openai.FineTuningJob.list_events(job.id, limit=13, after=seen[-1].id)
        seen += page.data
    assert len({event.id for event in seen}) == len(seen), "an event came twice"
    assert seen[0].message == "The job has successfully completed"
    assert seen[-1].message == f"Created fine-tuning job: {job.id}"
    figures = [event.data for event in seen[::-1] if event.type == "metrics"]
    assert [figure.step for figure in figures] == sorted(figure.step for figure in figures)
    check_falling([figure.train_loss for figure in figures])
    check_falling([figure.valid_loss for figure in figures])


@checks.of("jobs cancel", "FineTuningJob.cancel", "FineTuningJob.acancel")
def job_cancel(world: World) -> None:
    jobs = (
        openai.FineTuningJob.cancel(new_job().id),
        asyncio.run(openai.FineTuningJob.acancel(new_job().id)),
    )
    for job in jobs:
        assert job.status == "cancelled", job
        refused(400, openai.error.InvalidRequestError, openai.FineTuningJob.cancel, job.id)


@checks.of("jobs delete (refused)", "FineTuningJob.delete", "FineTuningJob.adelete")
def job_delete(world: World) -> None:
    job_id = new_job().id
    refused(405, openai.error.APIError, openai.FineTuningJob.delete, job_id)
    refused(405, openai.error.APIError, lambda: asyncio.run(openai.FineTuningJob.adelete(job_id)))


@checks.of("files create", "File.create", "File.acreate", "File.wait_for_processing")
def file_create(world: World) -> None:
    order = {"file": CHAT_FILE, "purpose": "fine-tune", "user_provided_filename": "a.jsonl"}
    for file in (openai.File.create(**order), asyncio.run(openai.File.acreate(**order))):
        assert file.id.startswith("file-"), file
        assert (file.object, file.purpose, file.filename) == ("file", "fine-tune", "a.jsonl"), file
        assert file.bytes == len(CHAT_FILE), file
        assert openai.File.wait_for_processing(file.id) == "processed"


@checks.of("files list", "File.list", "File.alist", "File.find_matching_files", "File.afind_matching_files")
def file_list(world: World) -> None:
    file_id = upload(b'{"a": 1}\n', "unique.jsonl")
    for listed in (openai.File.list(), asyncio.run(openai.File.alist())):
        assert listed.data[0].id == file_id, listed.data[0]
    wanted = ("unique.jsonl", 9, "fine-tune")
    for found in (
        openai.File.find_matching_files(*wanted),
        asyncio.run(openai.File.afind_matching_files(*wanted)),
    ):
        assert [file.id for file in found] == [file_id], found


@checks.of("files retrieve", "File.retrieve", "File.aretrieve", "refresh", "arefresh")
def file_retrieve(world: World) -> None:
    file = openai.File.create(file=CHAT_FILE, purpose="fine-tune")
    same = (
        openai.File.retrieve(file.id),
        asyncio.run(openai.File.aretrieve(file.id)),
        file.refresh(),
        asyncio.run(file.arefresh()),
    )
    assert {each.id for each in same} == {file.id}
    assert {each.bytes for each in same} == {len(CHAT_FILE)}


@checks.of("files content", "File.download")
def file_content(world: World) -> None:
    content = bytes(range(256)) * 2000
    assert openai.File.download(upload(content)) == content


@checks.of("files results", "File.download")
def results(world: World) -> None:
    job = new(validation_file=upload())
    world.advance()
    (result,) = openai.FineTune.retrieve(job.id).result_files
    csv = openai.File.download(result.id)
    assert len(csv) == result.bytes
    assert csv.startswith(b"step,elapsed_tokens,elapsed_examples,training_loss,"), csv[:80]
    check_falling(column(csv, "training_loss"))
    check_falling(column(csv, "validation_loss"))


@checks.of("files delete", "File.delete", "File.adelete")
def file_delete(world: World) -> None:
    first, second = upload(), upload()
    assert openai.File.delete(first).deleted is True
    assert asyncio.run(openai.File.adelete(second)).data["deleted"] is True
    for file_id in (first, second):
        refused(404, openai.error.InvalidRequestError, openai.File.retrieve, file_id)
        refused(404, openai.error.InvalidRequestError, openai.File.download, file_id)


@checks.of("models list", "Model.list", "Model.alist")
def model_list(world: World) -> None:
    job = new()
    world.advance()
    model = openai.FineTune.retrieve(job.id).fine_tuned_model
    for listed in (openai.Model.list(), asyncio.run(openai.Model.alist())):
        ids = [each.id for each in listed.data]
        assert {model, "davinci", "gpt-4o-mini"} <= set(ids), ids
        assert len(ids) == len(set(ids)), "a model came twice"


@checks.of("models retrieve", "Model.retrieve", "Model.aretrieve", "refresh", "arefresh")
def model_retrieve(world: World) -> None:
    job = new()
    world.advance()
    name = openai.FineTune.retrieve(job.id).fine_tuned_model
    model = openai.Model.retrieve(name)
    same = (model, asyncio.run(openai.Model.aretrieve(name)), model.refresh(), asyncio.run(model.arefresh()))
    assert {each.id for each in same} == {name}
    assert {each.owned_by for each in same} == {"org-emulator"}


@checks.of("models delete", "Model.delete", "Model.adelete")
def model_delete(world: World) -> None:
    jobs = [new(suffix=suffix) for suffix in ("one", "two")]
    world.advance()
    one, two = (openai.FineTune.retrieve(job.id).fine_tuned_model for job in jobs)
    assert openai.Model.delete(one).deleted is True
    assert asyncio.run(openai.Model.adelete(two)).data["deleted"] is True
    error = refused(404, openai.error.InvalidRequestError, openai.Model.delete, one)
    assert (error.user_message, error.code) == (f"The model '{one}' does not exist", "model_not_found")
    refused(403, openai.error.PermissionError, openai.Model.delete, "davinci")


@checks.of("errors 400", "FineTune.create", "FineTuningJob.create")
def bad_request(world: World) -> None:
    kind = openai.error.InvalidRequestError
    error = refused(400, kind, openai.FineTune.create, training_file="file-none")
    assert (error.user_message, error.param) == ("No file with ID: file-none", "file"), error
    error = refused(400, kind, openai.FineTune.create, training_file=upload(), model="gpt-9")
    assert error.user_message.startswith("Invalid base model: gpt-9 (we don't support"), error
    error = refused(400, kind, openai.FineTuningJob.create, training_file="file-none", model="gpt-4o")
    assert error.param == "training_file", error


@checks.of("errors 401", "FineTune.list", "FineTuningJob.list")
def wrong_key(world: World) -> None:
    for call in (openai.FineTune.list, openai.FineTuningJob.list):
        error = refused(401, openai.error.AuthenticationError, call, api_key="sk-wrong")
        assert error.user_message.startswith("Incorrect API key provided: "), error
        assert error.json_body["error"]["code"] == "invalid_api_key", error


@checks.of("errors 404", "FineTune.retrieve", "FineTune.stream_events", "FineTuningJob.retrieve")
def not_found(world: World) -> None:
    resources = (openai.FineTune.retrieve, openai.FineTune.stream_events, openai.FineTuningJob.retrieve)
    for call in resources:
        error = refused(404, openai.error.InvalidRequestError, call, "ft-none")
        assert error.user_message == "Could not find fine tune: ft-none", error
        assert (error.param, error.code) == ("fine_tune_id", "fine_tune_not_found"), error


@checks.of("errors 429", "FineTuningJob.create")
def quota(world: World) -> None:
    world.fault("quota", "create")
    before = world.requests("create")
    error = refused(429, openai.error.RateLimitError, new_job)
    assert "has reached the maximum of 3 active requests (2 running, 1 pending)" in error.user_message
    assert error.json_body["error"]["code"] == "rate_limit_exceeded", error
    assert world.requests("create") == before + 1, "this client never repeats a create"


@checks.of("every public method is driven", "dir()")
def complete(world: World) -> None:
    made_by_the_client = {"class_url", "instance_url", "events_url", "events_request"}
    untried = {
        # They call an `auto_paging_iter` of the list, which it does not have: only jobs can be paged.
        "FineTune.auto_paging_iter",
        "File.auto_paging_iter",
        "Model.auto_paging_iter",
        # The client calls `api_requestor.aiohttp_session`, which it does not have.
        "File.adownload",
    }
    inherited = set(dir(openai.openai_object.OpenAIObject)) | made_by_the_client
    driven = {call for _, calls, _ in checks.entered() for call in calls}
    for name in ("FineTune", "FineTuningJob", "File", "Model"):
        resource = getattr(openai, name)
        names = {each for each in dir(resource) if not each.startswith("_")} - inherited
        public = {each for each in names if callable(getattr(resource, each))}
        missing = {each for each in public if each not in driven and f"{name}.{each}" not in driven | untried}
        assert not missing, (name, missing)


if __name__ == "__main__":
    checks.run("openai", prepare)
