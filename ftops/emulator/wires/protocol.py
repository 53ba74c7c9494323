"""What surrounds every request: the key, the headers, and errors that never show a stack."""

import hmac
import logging
import time
import uuid

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from ftops.emulator.wires import refusals
from ftops.emulator.wires.refusals import Refusal
from ftops.emulator.wires.replies import SHAPE, refusal_reply
from ftops.emulator.wires.wire import Wire
from ftops.emulator.world.settings import EmulatorSettings

log = logging.getLogger("ftops.emulator")


def install(app: Flask, settings: EmulatorSettings, wire: Wire) -> None:
    """Put key check, headers and error handlers around every route."""
    app.config[SHAPE] = wire.refusal_body

    def authenticate() -> None:
        g.started = time.monotonic()
        if settings.api_key is not None and request.blueprint not in wire.without_key | {"control"}:
            bare = (request.headers.get(name) for name in wire.key_headers)
            told = next((f"Bearer {key}" for key in bare if key), request.headers.get("Authorization", ""))
            check_key(told, settings.api_key)

    def stamp(response: Response) -> Response:
        elapsed = time.monotonic() - g.get("started", time.monotonic())
        response.headers["openai-processing-ms"] = str(round(1000 * elapsed))
        response.headers.update(wire.reply_headers(settings))
        response.headers["x-request-id"] = f"req_{uuid.uuid4().hex}"
        return response

    app.before_request(authenticate)
    app.after_request(stamp)
    app.register_error_handler(Refusal, refusal_reply)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(Exception, _from_bug)


def check_key(header: str, expected: str) -> None:
    """Refuse a request without the right bearer key."""
    scheme, _, key = header.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise refusals.no_key()
    if not hmac.compare_digest(key.encode(), expected.encode()):
        raise refusals.wrong_key(key)


def _from_http(error: HTTPException) -> Response:
    path = request.path
    if isinstance(error, NotFound):
        return refusal_reply(refusals.invalid_url(request.method, path))
    if isinstance(error, RequestEntityTooLarge):
        return refusal_reply(refusals.too_large(request.max_content_length or 0))
    if error.code == refusals.METHOD_NOT_ALLOWED:
        return refusal_reply(refusals.method_not_allowed(request.method, path))
    return refusal_reply(refusals.server_error(error.code or 500, error.description))


def _from_bug(error: Exception) -> Response:
    """Answer as a broken provider would, and leave the trace to the log of this process."""
    log.error("a bug of the emulator, answering %s %s", request.method, request.path, exc_info=error)
    return refusal_reply(refusals.server_error())
