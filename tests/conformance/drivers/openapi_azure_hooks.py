"""Hooks of schemathesis for Azure: ids that exist and a version that does, and an account of the answers.

Of three requests two get an existing id, file and model; the third keeps what schemathesis made up.
"""

from typing import Any

from tests.conformance.drivers.openapi_answers import WORLD, hook, turns
from tests.conformance.drivers.recording import CHAT_FILE

FAMILY = "azure_openai"
MODEL = "gpt-4.1-mini-2025-04-14"
PREVIEW = "2025-04-01-preview"
STATUSES = ("running", "queued", "succeeded", "failed", "cancelled", "paused")
FITTING = {"cancel": "running", "pause": "running", "resume": "paused", "DELETE": "succeeded"}
"""The status in which a job must be for the last word of a path, or for a method, to have its effect."""


def upload() -> str:
    """Upload a file as multipart, by hand: no client is installed here."""
    parts = {'name="purpose"': b"fine-tune", 'name="file"; filename="train.jsonl"': CHAT_FILE}
    body = b"".join(
        f"--part\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts.items()
    )
    kind = "multipart/form-data; boundary=part"
    file_id: str = WORLD.send("POST", "/openai/v1/files", body + b"--part--\r\n", kind)["id"]
    return file_id


def make_jobs() -> list[str]:
    """Make a job of every status, and one with real files, events and checkpoints."""
    made = WORLD.seed(FAMILY, *[{"status": status, "metadata": {"a": "b"}} for status in STATUSES])
    order = {"model": MODEL, "training_file": FILE, "validation_file": FILE, "trainingType": "Standard"}
    made.append(WORLD.control("POST", "/openai/v1/fine_tuning/jobs", order)["id"])
    WORLD.advance()
    return made


FILE = upload()
WORLD.advance(60)
JOBS = make_jobs()


def existing(name: str, case: Any, turn: int) -> str | None:
    """Return something that exists for a parameter of a path, made anew where the request uses it up."""
    if name == "fine_tuning_job_id":
        fitting = FITTING.get(case.path.rpartition("/")[2]) or FITTING.get(case.method.upper())
        if fitting is not None:
            return WORLD.seed(FAMILY, {"status": fitting})[0]
        return JOBS[turn % len(JOBS)]
    if name == "file_id":
        return upload()
    return MODEL if name == "model_id" else None


def before_call(context: Any, case: Any, **kwargs: Any) -> None:
    label = case.operation.label
    turn = next(turns[label])
    if turn % 3 == 2:
        return
    for name in case.path_parameters or {}:
        case.path_parameters[name] = existing(name, case, turn) or case.path_parameters[name]
    if "/v1/" not in case.path:
        case.query = {**(case.query or {}), "api-version": PREVIEW}
    if label.startswith("POST") and label.endswith("/fine_tuning/jobs") and isinstance(case.body, dict):
        case.body |= {"training_file": FILE, "model": MODEL, "trainingType": "Standard"}
        if case.body.get("validation_file") is not None:
            case.body["validation_file"] = FILE


hook(before_call)
