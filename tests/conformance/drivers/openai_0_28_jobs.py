"""FineTuningJob of openai 0.28.1."""

import asyncio
from typing import Any

import openai

from tests.conformance.drivers.openai_0_28_calls import new_job, refused, upload
from tests.conformance.drivers.recording import CHAT_FILE, Checks, World, check_falling

checks = Checks()


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
