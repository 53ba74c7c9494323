"""FineTune of openai 0.28.1: the founding API."""

import asyncio

import openai

from tests.conformance.drivers.openai_0_28_calls import new, refused, upload
from tests.conformance.drivers.recording import Checks, World, check_story

checks = Checks()


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
