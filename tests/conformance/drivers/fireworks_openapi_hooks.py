"""Hooks of schemathesis for Fireworks' types: one account, ids that exist, and creates that could be taken.

Of three requests two get what exists; the third keeps what schemathesis made up. Nothing here pauses a job,
so none is resumed.
"""

from itertools import count
from typing import Any

from tests.conformance.drivers.openapi_answers import WORLD, hook, turns
from tests.conformance.drivers.recording import CHAT_FILE

MODEL = "accounts/fireworks/models/llama-v3p1-8b-instruct"
ACCOUNT = "/v1/accounts/acme"
JOBS = f"{ACCOUNT}/supervisedFineTuningJobs"
PARTS = 3
numbers = count()


def dataset(*, filled: bool = True) -> str:
    name = f"d{next(numbers)}"
    WORLD.control("POST", f"{ACCOUNT}/datasets", {"datasetId": name, "dataset": {"userUploaded": {}}})
    if filled:
        head = b'--part\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n'
        body = head + CHAT_FILE + b"\r\n--part--\r\n"
        kind = "multipart/form-data; boundary=part"
        WORLD.send("POST", f"{ACCOUNT}/datasets/{name}:upload", body, kind)
    return name


DATASET = dataset()


def new_job() -> str:
    name = f"j{next(numbers)}"
    body = {"dataset": DATASET, "baseModel": MODEL}
    WORLD.control("POST", f"{JOBS}?supervisedFineTuningJobId={name}", body)
    return name


def make_jobs() -> list[str]:
    """Make one that is done, one that was cancelled and one that has only begun."""
    made = [new_job(), new_job()]
    WORLD.control("POST", f"{JOBS}/{made[1]}:cancel", {})
    WORLD.advance()
    return [*made, new_job()]


MADE = make_jobs()


def existing(name: str, label: str, turn: int) -> str:
    """Return an id that exists, made anew where the request uses it up."""
    if name == "account_id":
        return "acme"
    if name == "dataset_id":
        return dataset(filled=not label.endswith(":upload"))
    if name == "model_id":
        job_id = new_job()
        WORLD.advance()
        return job_id
    used_up = label.endswith(":cancel") or label.startswith("DELETE")
    return new_job() if used_up else MADE[turn % len(MADE)]


def before_call(context: Any, case: Any, **kwargs: Any) -> None:
    label = case.operation.label
    turn = next(turns[label])
    if label.endswith(":resume"):
        case.path_parameters["supervised_fine_tuning_job_id"] = "none"
        return
    if turn % PARTS == PARTS - 1:
        return
    for name in case.path_parameters or {}:
        case.path_parameters[name] = existing(name, label, turn)
    if not isinstance(case.body, dict):
        return
    if label.startswith("POST") and label.endswith("/supervisedFineTuningJobs"):
        case.body = {"dataset": DATASET, "baseModel": MODEL, "epochs": 1 + turn % 5}
        case.query = {"supervisedFineTuningJobId": f"j{next(numbers)}"}
    if label.startswith("POST") and label.endswith("/datasets"):
        case.body = {"datasetId": f"d{next(numbers)}", "dataset": {"userUploaded": {}}}


hook(before_call)
