"""Azure's three shapes of an error, and its codes.

Two are in the documents; the third is the gateway's, whose code is the status as a string: it answers for a
wrong key and for what is not there.
"""

from typing import Any

from flask import request

from ftops.emulator.wires.azure_openai.versions import is_v1
from ftops.emulator.wires.refusals import Refusal

UNAUTHORIZED, NOT_FOUND = 401, 404
WRONG_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
    "for an active subscription and use a correct regional API endpoint for your resource."
)
QUOTA = frozenset({"billing_hard_limit_reached", "insufficient_quota", "rate_limit_exceeded"})
"""Codes of the shared world for what Azure calls `quotaExceeded`."""
CODES = {
    400: "invalidPayload",
    403: "forbidden",
    404: "notFound",
    409: "conflict",
    413: "invalidPayload",
    422: "invalidPayload",
    429: "tooManyRequests",
    500: "internalFailure",
    503: "serviceUnavailable",
}
KNOWN = frozenset(
    {
        *CODES.values(),
        "unexpectedEntityState",
        "itemDoesAlreadyExist",
        "quotaExceeded",
        "jsonlValidationFailed",
        "fileImportFailed",
        "unauthorized",
        "contentFilter",
        "BadRequest",
        "404",
    }
)


def shown(refusal: Refusal) -> dict[str, Any]:
    """Write a refusal in the shape that the path has."""
    if refusal.status == UNAUTHORIZED:
        return {"error": {"code": "401", "message": WRONG_KEY}}
    if refusal.code == "404" or (refusal.status == NOT_FOUND and request.url_rule is None):
        return {"error": {"code": "404", "message": "Resource not found"}}
    error: dict[str, Any] = {"code": _code(refusal), "message": refusal.message}
    if is_v1():
        return {"error": error | _told(param=refusal.param) | {"type": "error"}}
    inner = {"details": [], "innererror": {"code": error["code"]}}
    return {"error": error | _told(target=refusal.param) | inner}


def _told(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}


def _code(refusal: Refusal) -> str:
    if refusal.code in QUOTA:
        return "quotaExceeded"
    if refusal.code in KNOWN:
        return str(refusal.code)
    return CODES.get(refusal.status, str(refusal.status))


def unknown_job(job_id: str) -> Refusal:
    """Return the 404 for a job; its words are not documented."""
    return Refusal(404, f"The fine-tuning job '{job_id[:80]}' was not found.", code="notFound")


def wrong_state(verb: str, job_id: str, status: str) -> Refusal:
    """Return the refusal of a change that a job is in no state for; status and words are not documented."""
    text = f"The fine-tuning job '{job_id}' is in state {status} and cannot be {verb}."
    return Refusal(400, text, code="unexpectedEntityState")


def no_such_training() -> Refusal:
    """Return what a create without `trainingType` gets (quoted in public threads)."""
    return Refusal(
        400, "The specified base model does not support fine-tuning.", param="model", code="invalidPayload"
    )


def no_job_in_it() -> Refusal:
    """Return what a create with a bad `trainingType` gets (quoted in public threads)."""
    return Refusal(400, "The fineTuningJob field is required.", code="invalidPayload")


def file_not_ready(state: str) -> Refusal:
    """Return what a create gets for a file that is not processed (quoted in public threads)."""
    return Refusal(400, f"The specified training file is in state {state}.", code="invalidPayload")
