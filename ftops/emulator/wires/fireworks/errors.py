"""Errors as grpc-gateway writes them: `{"code": 5, "message": "...", "details": []}`."""

from typing import Any

from ftops.emulator.wires.refusals import Refusal

CODES = {
    "ok": 0,
    "cancelled": 1,
    "unknown": 2,
    "invalid_argument": 3,
    "deadline_exceeded": 4,
    "not_found": 5,
    "already_exists": 6,
    "permission_denied": 7,
    "resource_exhausted": 8,
    "failed_precondition": 9,
    "aborted": 10,
    "out_of_range": 11,
    "unimplemented": 12,
    "internal": 13,
    "unavailable": 14,
    "data_loss": 15,
    "unauthenticated": 16,
}
_BY_STATUS = {
    400: 3,
    401: 16,
    403: 7,
    404: 5,
    405: 12,
    408: 4,
    409: 10,
    412: 9,
    413: 3,
    422: 3,
    429: 8,
    500: 13,
    501: 12,
    502: 14,
    503: 14,
    504: 4,
}


def refusal_body(refusal: Refusal) -> dict[str, Any]:
    """Write an error under the code that it names, or that its status stands for."""
    code = CODES.get(refusal.code or "", _BY_STATUS.get(refusal.status, 2))
    return {"code": code, "message": refusal.message, "details": []}


def closed(what: str) -> Refusal:
    """Return the 501 of 2026-11-15. That of a job's create is not documented; its dataset's is."""
    return Refusal(501, f"{what} is no longer supported: managed fine-tuning takes no new jobs.")


def not_found(kind: str, name: str) -> Refusal:
    """Return the 404 for a resource."""
    return Refusal(404, f"{kind} {name[:80]} not found", code="not_found")


def exists(kind: str, name: str) -> Refusal:
    """Return the 409 for an id that is taken, also by what was deleted."""
    return Refusal(409, f"{kind} {name[:80]} already exists", code="already_exists")


def bad(message: str) -> Refusal:
    """Return the 400 for a request that makes no sense."""
    return Refusal(400, message, code="invalid_argument")
