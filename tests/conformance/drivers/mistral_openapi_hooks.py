"""Hooks of schemathesis for Mistral's file: ids that exist, and creates that could be taken.

Of three requests two get what exists; the third keeps what schemathesis made up.
"""

from itertools import count
from typing import Any

from tests.conformance.drivers.openapi_answers import WORLD, hook, turns
from tests.conformance.drivers.recording import CHAT_FILE

MODEL = "open-mistral-7b"
JOBS = "/v1/fine_tuning/jobs"
PARTS = 3
numbers = count()


def upload() -> str:
    """Upload a file of a name of its own: the same one would be the same file."""
    parts = {
        'name="purpose"': b"fine-tune",
        f'name="file"; filename="{next(numbers)}.jsonl"': CHAT_FILE,
    }
    body = b"".join(
        f"--part\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts.items()
    )
    kind = "multipart/form-data; boundary=part"
    return str(WORLD.send("POST", "/v1/files", body + b"--part--\r\n", kind)["id"])


FILE = upload()


def order(**changes: Any) -> dict[str, Any]:
    """Return a create that is like no other."""
    body = {"model": MODEL, "hyperparameters": {}, "training_files": [{"file_id": FILE}]}
    return {**body, "auto_start": True, "suffix": f"s{next(numbers)}", **changes}


def new_job(**changes: Any) -> str:
    return str(WORLD.control("POST", JOBS, order(**changes))["id"])


def make_jobs() -> list[str]:
    """Make one that is done, one that was cancelled and one that has only begun."""
    made = [new_job(), new_job()]
    WORLD.control("POST", f"{JOBS}/{made[1]}/cancel")
    WORLD.advance()
    return [*made, new_job()]


MADE = make_jobs()


def existing(name: str, path: str, turn: int) -> str:
    """Return an id that exists, made anew where the request uses it up."""
    if name == "file_id":
        return upload()
    if name == "model_id":
        job_id = new_job()
        WORLD.advance()
        return str(WORLD.control("GET", f"{JOBS}/{job_id}")["fine_tuned_model"])
    if path.endswith("/cancel"):
        return new_job()
    if path.endswith("/start"):
        job_id = new_job(auto_start=False)
        WORLD.advance()
        return job_id
    return MADE[turn % len(MADE)]


def before_call(context: Any, case: Any, **kwargs: Any) -> None:
    label = case.operation.label
    turn = next(turns[label])
    if turn % PARTS == PARTS - 1:
        return
    for name in case.path_parameters or {}:
        case.path_parameters[name] = existing(name, case.path, turn)
    if label == f"POST {JOBS}" and isinstance(case.body, dict):
        kept = ("auto_start", "invalid_sample_skip_percentage", "hyperparameters")
        case.body = order(**{name: case.body[name] for name in kept if name in case.body})


hook(before_call)
