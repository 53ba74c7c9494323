"""The HTTP surface: routes, authentication, and the controls under `/_emulator`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

from ftops.emulator import faults
from ftops.emulator.controls import add_controls
from ftops.emulator.replies import ApiError
from ftops.emulator.routes import add_routes, json_reply
from ftops.emulator.store import Store

SHOWN_OF = 8
"""A key of no more characters than this is not shown at all when it is wrong."""


@dataclass(frozen=True, slots=True)
class EmulatorSettings:
    """`speed` is how many emulated seconds pass in a real one; with `api_key` set, no other key is taken."""

    database: Path
    speed: float = 1.0
    api_key: str | None = None


class EmulatorServer:
    """An emulator on a loopback port, served by threads of this process. It trains nothing.

    Raises OSError when the port is taken and sqlite3.Error when the database cannot be used.
    """

    def __init__(
        self,
        settings: EmulatorSettings,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        app = create_app(settings, clock)
        self._server = make_server(host, port, faults.FaultyConnections(app), threaded=True)
        self._thread: threading.Thread | None = None
        self.base_url = f"http://{host}:{self._server.server_port}/v1"

    def start(self) -> None:
        """Serve from a thread of its own."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve from this thread until KeyboardInterrupt or `stop`."""
        try:
            self._server.serve_forever(0.1)
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        if self._thread is not None:
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        """Serve while the block runs."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()


def create_app(settings: EmulatorSettings, clock: Callable[[], float]) -> Flask:
    """Build the application over a database."""
    app = Flask("ftops.emulator")
    store = Store(settings.database, settings.speed, clock)
    add_routes(app, store)
    add_controls(app, store, settings.speed)

    @app.before_request
    def meet() -> None:
        if request.path.startswith("/_emulator"):
            return
        _authenticate(settings.api_key)
        operation = (request.endpoint or "any").split(".")[0]
        fault = faults.take(store, operation)
        if fault is not None:
            request.environ["ftops.fault"] = fault
            faults.before(fault)
            if fault.kind == "drop":
                raise ApiError(500, "dropped")

    @app.after_request
    def headers(reply: Response) -> Response:
        reply.headers["openai-version"] = "2020-10-01"
        reply.headers["openai-processing-ms"] = "7"
        reply.headers["x-request-id"] = f"req_{time.monotonic_ns():x}"
        return reply

    @app.errorhandler(ApiError)
    def refused(error: ApiError) -> Response:
        return json_reply(error.body, error.status)

    @app.errorhandler(HTTPException)
    def unknown(error: HTTPException) -> Response:
        return _http_error(error)

    return app


def _authenticate(api_key: str | None) -> None:
    header = request.headers.get("Authorization", "")
    key = header.removeprefix("Bearer ").strip()
    if not header.startswith("Bearer ") or not key:
        raise ApiError(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization header "
            "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        )
    if api_key is not None and key != api_key:
        shown = f"{key[:2]}{'*' * 8}" if len(key) > SHOWN_OF else "********"
        raise ApiError(401, f"Incorrect API key provided: {shown}.", code="invalid_api_key")


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    messages: dict[int, str] = {
        404: f"Invalid URL ({request.method} {request.path})",
        405: f"Not allowed to {request.method} on {request.path}",
        400: "We could not parse the JSON body of your request.",
    }
    message = messages.get(status, error.description or "error")
    kind = "invalid_request_error" if status < 500 else "server_error"  # noqa: PLR2004 -- HTTP's own line
    body: dict[str, Any] = ApiError(status, message, kind=kind).body
    return json_reply(body, status)
