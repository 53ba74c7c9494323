"""What the checks of openai 0.28.1 share: the connection, orders, and calls that must be refused."""

from collections.abc import Callable
from typing import Any

import openai

from tests.conformance.drivers.recording import CHAT_FILE, COMPLETION_FILE, World

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
