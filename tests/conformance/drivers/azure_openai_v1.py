"""Drive the newest `openai.OpenAI` at Azure's `/openai/v1/`, where the key goes as Bearer."""

from typing import Any

import openai

from tests.conformance.drivers import azure_openai_calls
from tests.conformance.drivers.azure_openai_calls import connect, new_job, refused
from tests.conformance.drivers.recording import Checks, World

checks = Checks()
checks.include(azure_openai_calls.checks)


def v1(world: World, key: str) -> Any:
    return openai.OpenAI(base_url=f"{world.base_url}/openai/v1/", api_key=key, max_retries=0, timeout=30)


@checks.of("jobs delete (refused)", "delete (the client has no method of its own)")
def delete(world: World) -> None:
    client = connect(world)
    job = new_job(world, client, metadata={"team": "support"})
    assert job.metadata == {"team": "support"}, job
    world.advance()
    refused(openai.APIStatusError, client.delete, f"/fine_tuning/jobs/{job.id}", cast_to=object)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"


if __name__ == "__main__":
    azure_openai_calls.connections.append(v1)
    checks.run("openai")
