"""Hooks of schemathesis for Together's file: ids that exist, models that are trained, limits that are kept.

Of three requests two get what exists; the third keeps what schemathesis made up.
"""

import hashlib
import urllib.error
import urllib.request
from itertools import count
from typing import Any

from tests.conformance.drivers.openapi_answers import WORLD, hook, turns
from tests.conformance.drivers.recording import CHAT_FILE

MODEL = "Qwen/Qwen3-8B"
PARTS = 3
numbers = count()


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *asked: Any) -> None:
        """The address of the store is taken, and not gone to."""


def upload() -> str:
    """Announce a new content, put it, and have it processed."""
    content = CHAT_FILE * (1 + next(numbers))
    told = {"purpose": "fine-tune", "file_name": "a.jsonl", "file_type": "jsonl"}
    told["checksum"] = hashlib.sha256(content).hexdigest()
    body = "".join(
        f'--part\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in told.items()
    )
    headers = {
        "Authorization": f"Bearer {WORLD.key}",
        "Content-Type": "multipart/form-data; boundary=part",
    }
    data = f"{body}--part--\r\n".encode()
    request = urllib.request.Request(f"{WORLD.base_url}/files", data, headers, method="POST")
    try:
        answered = urllib.request.build_opener(Unfollowed).open(request, timeout=30).headers
    except urllib.error.HTTPError as found:
        answered = found.headers
    where, file_id = answered["Location"], answered["X-Together-File-Id"]
    put = urllib.request.Request(where, content, method="PUT")
    urllib.request.urlopen(put, timeout=30).close()
    WORLD.control("POST", f"/v1/files/{file_id}/preprocess")
    return str(file_id)


def begun() -> dict[str, Any]:
    """Begin an upload in parts and put its one part; return what completes it."""
    content = CHAT_FILE * (1 + next(numbers))
    told = {"purpose": "fine-tune", "file_name": "a.jsonl", "file_type": "jsonl", "num_parts": 1}
    told |= {"checksum": hashlib.sha256(content).hexdigest(), "file_size": len(content)}
    order = WORLD.control("POST", "/v1/files/multipart/initiate", told)
    put = urllib.request.Request(order["parts"][0]["URL"], content, method="PUT")
    with urllib.request.urlopen(put, timeout=30) as reply:
        etag = reply.headers["ETag"].strip('"')
    ids = {name: order[name] for name in ("upload_id", "file_id")}
    return {**ids, "parts": [{"part_number": 1, "etag": etag}]}


FILE = upload()


def new_job() -> str:
    order = {"model": MODEL, "training_file": FILE, "suffix": "triage"}
    return str(WORLD.control("POST", "/v1/fine-tunes", order)["id"])


def make_jobs() -> list[str]:
    """Make one that is done, one that was cancelled and one that has only begun."""
    made = [new_job(), new_job()]
    WORLD.control("POST", f"/v1/fine-tunes/{made[1]}/cancel")
    WORLD.advance()
    return [*made, new_job()]


JOBS = make_jobs()


def existing(path: str, turn: int) -> str:
    """Return an id that exists, made anew where the request uses it up."""
    if path.startswith("/files"):
        return upload()
    deleted = path == "/fine-tunes/{id}"
    return new_job() if path.endswith("/cancel") or deleted else JOBS[turn % len(JOBS)]


def before_call(context: Any, case: Any, **kwargs: Any) -> None:
    label = case.operation.label
    turn = next(turns[label])
    if turn % PARTS == PARTS - 1:
        return
    if case.path_parameters and "id" in case.path_parameters:
        case.path_parameters["id"] = existing(case.path, turn)
    if isinstance(case.query, dict) and "model_name" in case.query:
        case.query["model_name"] = MODEL
    if not isinstance(case.body, dict):
        return
    if label in ("POST /fine-tunes", "POST /fine-tunes/estimate-price"):
        kept = ("suffix", "packing", "warmup_ratio")
        body = {name: case.body[name] for name in kept if name in case.body} if turn % 2 else {}
        case.body = {**body, "training_file": FILE, "model": MODEL}
    if label == "POST /files/multipart/initiate":
        case.body |= {"file_size": 10, "num_parts": 2, "purpose": "fine-tune", "file_type": "jsonl"}
        case.body |= {"file_name": "a.jsonl", "checksum": f"{next(numbers)}"}
    if label in ("POST /files/multipart/complete", "POST /files/multipart/abort"):
        case.body |= begun()
    if label in ("POST /files", "POST /files/upload"):
        case.body |= {"file_name": "a.jsonl", "purpose": "fine-tune", "checksum": f"{next(numbers)}"}


hook(before_call)
