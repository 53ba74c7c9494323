"""Errors as FastAPI writes them, `{"detail": ...}`, for the servers that are made with it."""

from typing import Any

from ftops.emulator.wires.refusals import Refusal

INVALID = 422


def detail(refusal: Refusal) -> dict[str, Any]:
    """Return a list for what the request's schema refuses, else one sentence."""
    if refusal.status != INVALID:
        return {"detail": refusal.message}
    where = ["body", *(refusal.param or "").split(".")]
    return {"detail": [{"type": refusal.code or "value_error", "loc": where, "msg": refusal.message}]}


def invalid(refusal: Refusal) -> Refusal:
    """Return a refusal of a parameter as such a server refuses it."""
    return Refusal(INVALID, refusal.message, param=refusal.param, code=refusal.code)
