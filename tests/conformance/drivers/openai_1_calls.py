"""What openai 1.3.9 and the newest openai share: the connection, orders, files and models."""

from typing import Any

import openai

from tests.conformance.drivers.recording import CHAT_FILE, Checks, World

checks = Checks()


def connect(world: World, key: str | None = None) -> Any:
    return openai.OpenAI(base_url=world.base_url, api_key=key or world.key, max_retries=0, timeout=30)


def upload(client: Any, content: bytes = CHAT_FILE, **options: Any) -> str:
    file_id: str = client.files.create(file=("train.jsonl", content), purpose="fine-tune", **options).id
    return file_id


def new_job(client: Any, **fields: Any) -> Any:
    return client.fine_tuning.jobs.create(training_file=upload(client), model="gpt-4o-mini", **fields)


def refused(kind: type[Exception], call: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
    """Return the body of the error with which a call is refused."""
    try:
        answer = call(*arguments, **options)
    except kind as error:
        body: dict[str, Any] = vars(error)["body"]
        return body
    raise AssertionError(f"not refused: {answer}")


@checks.of("files create", "files.create", "files.wait_for_processing")
def file_create(world: World) -> None:
    client = connect(world)
    file = client.files.create(file=("a.jsonl", CHAT_FILE), purpose="fine-tune")
    assert (file.filename, file.bytes, file.purpose) == ("a.jsonl", len(CHAT_FILE), "fine-tune"), file
    assert client.files.wait_for_processing(file.id).status == "processed"


@checks.of("files retrieve", "files.retrieve")
def file_retrieve(world: World) -> None:
    client = connect(world)
    file = client.files.retrieve(upload(client))
    assert (file.object, file.bytes) == ("file", len(CHAT_FILE)), file


@checks.of("models list", "models.list")
def model_list(world: World) -> None:
    ids = [model.id for model in connect(world).models.list()]
    assert {"davinci-002", "gpt-4o-mini"} <= set(ids), ids


@checks.of("files delete", "files.delete")
def file_delete(world: World) -> None:
    client = connect(world)
    file_id = upload(client)
    assert client.files.delete(file_id).deleted is True
    body = refused(openai.NotFoundError, client.files.retrieve, file_id)
    assert body["message"] == f"No such File object: {file_id}", body


@checks.of("models retrieve", "models.retrieve")
def model_retrieve(world: World) -> None:
    client = connect(world)
    job = new_job(client)
    world.advance()
    name = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
    model = client.models.retrieve(name)
    assert (model.id, model.owned_by) == (name, "org-emulator"), model
