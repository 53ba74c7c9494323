"""Flask responses as the provider sends them."""

from typing import Any

import orjson
from flask import Response, current_app

from ftops.emulator.wires.refusals import Refusal

SHAPE = "REFUSAL_SHAPE"
"""Name of the setting that holds how the format writes an error."""


def json_reply(document: Any, status: int = 200) -> Response:
    """Serialise a document, quickly: lists of 10,000 jobs are asked for."""
    return Response(orjson.dumps(document), status, mimetype="application/json")


def refusal_reply(refusal: Refusal, retry_after: float | None = None) -> Response:
    """Return an error in the provider's shape."""
    body = current_app.config[SHAPE](refusal)
    if isinstance(body, str):
        response = Response(body, refusal.status, mimetype="text/plain")
    else:
        response = json_reply(body, refusal.status)
    if retry_after is not None:
        response.headers["Retry-After"] = f"{retry_after:g}"
    return response
