"""Drive the library `openai==0.28.1`: all of FineTune, FineTuningJob, File and Model."""

import openai

from tests.conformance.drivers import openai_0_28_files, openai_0_28_fine_tunes, openai_0_28_jobs
from tests.conformance.drivers.openai_0_28_calls import new_job, prepare, refused, upload
from tests.conformance.drivers.recording import Checks, World

checks = Checks()
checks.include(openai_0_28_fine_tunes.checks)
checks.include(openai_0_28_jobs.checks)
checks.include(openai_0_28_files.checks)


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
