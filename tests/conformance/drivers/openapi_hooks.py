"""Hooks of schemathesis: ids that exist, so that requests get past a 404, and an account of the answers.

Of three requests two get an existing id, file and model; the third keeps what schemathesis made up. A
stream of events is not asked for: the OpenAPI file describes it in prose only, and the clients' own drivers
check it.
"""

from typing import Any

from tests.conformance.drivers.openapi_answers import WORLD, hook, turns
from tests.conformance.drivers.recording import CHAT_FILE, COMPLETION_FILE

STATUSES = ("running", "queued", "succeeded", "failed", "cancelled", "paused")
FITTING = {"cancel": "running", "pause": "running", "resume": "paused"}
"""The status in which a job must be for the last word of a path to have its effect."""


def upload(content: bytes) -> str:
    """Upload a file as multipart, by hand: no client is installed here."""
    parts = {'name="purpose"': b"fine-tune", 'name="file"; filename="train.jsonl"': content}
    body = b"".join(
        f"--part\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts.items()
    )
    kind = "multipart/form-data; boundary=part"
    file_id: str = WORLD.send("POST", "/v1/files", body + b"--part--\r\n", kind)["id"]
    return file_id


FILES = {"jobs": upload(CHAT_FILE), "fine-tunes": upload(COMPLETION_FILE)}
MODELS = {"jobs": "gpt-4o-mini", "fine-tunes": "curie"}


def make_jobs() -> dict[str, list[str]]:
    """Make a job of every status in each family, and one with real files, events and checkpoints."""
    orders = [{"status": status, "metadata": {"a": "b"}} for status in STATUSES]
    legacy = [{"status": status} for status in STATUSES]
    made = {"jobs": WORLD.seed("openai", *orders), "fine-tunes": WORLD.seed("openai_legacy", *legacy)}
    for family, path in (("jobs", "/v1/fine_tuning/jobs"), ("fine-tunes", "/v1/fine-tunes")):
        order = {"model": MODELS[family], "training_file": FILES[family], "validation_file": FILES[family]}
        made[family].append(WORLD.control("POST", path, order)["id"])
    WORLD.advance()
    return made


JOBS = make_jobs()


def existing(name: str, path: str, turn: int) -> str | None:
    """Return something that exists for a parameter of a path, made anew where the request uses it up."""
    if name in ("fine_tuning_job_id", "fine_tune_id"):
        family = "jobs" if name == "fine_tuning_job_id" else "fine-tunes"
        fitting = FITTING.get(path.rpartition("/")[2])
        if fitting is not None and turn % 2:
            return WORLD.seed("openai" if family == "jobs" else "openai_legacy", {"status": fitting})[0]
        return JOBS[family][turn % len(JOBS[family])]
    if name == "file_id":
        return upload(CHAT_FILE)
    if name == "model":
        (job_id,) = WORLD.seed("openai", {"status": "succeeded"})
        model: str = WORLD.control("GET", f"/v1/fine_tuning/jobs/{job_id}")["fine_tuned_model"]
        return model
    return None


def before_call(context: Any, case: Any, **kwargs: Any) -> None:
    label = case.operation.label
    turn = next(turns[label])
    if isinstance(case.query, dict):
        case.query.pop("stream", None)
    if turn % 3 == 2:
        return
    for name in case.path_parameters or {}:
        case.path_parameters[name] = existing(name, case.path, turn) or case.path_parameters[name]
    family = {"POST /fine_tuning/jobs": "jobs", "POST /fine-tunes": "fine-tunes"}.get(label)
    if family is not None and isinstance(case.body, dict):
        case.body |= {"training_file": FILES[family], "model": MODELS[family]}
        if case.body.get("validation_file") is not None:
            case.body["validation_file"] = FILES[family]


hook(before_call)
