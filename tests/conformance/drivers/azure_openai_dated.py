"""Drive the newest `openai.AzureOpenAI` on the dated paths, with its `api-key` and its `api-version`."""

from typing import Any

import openai

from tests.conformance.drivers import azure_openai_calls
from tests.conformance.drivers.azure_openai_calls import connect, new_job, refused
from tests.conformance.drivers.recording import Checks, World

checks = Checks()
checks.include(azure_openai_calls.checks)


def dated(world: World, key: str) -> Any:
    return openai.AzureOpenAI(
        azure_endpoint=world.base_url,
        api_version="2025-04-01-preview",
        api_key=key,
        max_retries=0,
        timeout=30,
    )


@checks.of("jobs delete", "delete (the client has no method of its own)")
def delete(world: World) -> None:
    client = connect(world)
    job = new_job(world, client)
    path = f"/fine_tuning/jobs/{job.id}"
    assert refused(openai.BadRequestError, client.delete, path, cast_to=object)["code"] == (
        "unexpectedEntityState"
    )
    world.advance()
    client.delete(path, cast_to=object)
    refused(openai.NotFoundError, client.fine_tuning.jobs.retrieve, job.id)


if __name__ == "__main__":
    azure_openai_calls.connections.append(dated)
    checks.run("openai")
