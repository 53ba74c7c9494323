"""Faults on request: kept in the database, so that one process can arm what another one meets."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from ftops.emulator.replies import ApiError
from ftops.emulator.store import Store

KINDS = frozenset(
    {
        "status",
        "status_after",
        "lost_reply",
        "drop",
        "truncate",
        "html",
        "slow",
        "lagging_list",
        "repeat_page",
        "truncate_list",
        "quota",
        "cut_stream",
    }
)
OPERATIONS = frozenset(
    {"create", "list", "retrieve", "cancel", "pause", "resume", "upload", "files", "events", "models", "any"}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One armed fault. `options` holds what its kind needs: status, seconds, events."""

    kind: str
    options: dict[str, Any]


def arm(store: Store, fault: Any) -> None:
    """Arm a fault: `{"kind", "operation", "times", "skip", ...options}`."""
    if not isinstance(fault, dict) or fault.get("kind") not in KINDS:
        raise ApiError(400, f"kind must be one of {', '.join(sorted(KINDS))}", param="kind")
    operation = fault.get("operation", "any")
    if operation not in OPERATIONS:
        raise ApiError(400, f"operation must be one of {', '.join(sorted(OPERATIONS))}", param="operation")
    options = {
        key: value for key, value in fault.items() if key not in ("kind", "operation", "times", "skip")
    }
    with store.writing() as db:
        db.execute(
            "INSERT INTO faults (operation, kind, times, skip, options) VALUES (?, ?, ?, ?, ?)",
            (operation, fault["kind"], fault.get("times", 1), fault.get("skip", 0), orjson.dumps(options)),
        )


def disarm(store: Store) -> None:
    """Forget every armed fault."""
    with store.writing() as db:
        db.execute("DELETE FROM faults")


def take(store: Store, operation: str) -> Fault | None:
    """Count a request, and use up the oldest armed fault that it meets."""
    with store.writing() as db:
        db.execute(
            "INSERT INTO requests VALUES (?, 1) ON CONFLICT (operation) DO UPDATE SET count = count + 1",
            (operation,),
        )
        row = db.execute(
            "SELECT id, kind, times, skip, options FROM faults WHERE operation IN (?, 'any') AND times > 0"
            " ORDER BY id LIMIT 1",
            (operation,),
        ).fetchone()
        if row is None:
            return None
        fault_id, kind, _, skip, options = row
        column = "skip" if skip > 0 else "times"
        query = f"UPDATE faults SET {column} = {column} - 1 WHERE id = ?"  # noqa: S608 -- two words
        db.execute(query, (fault_id,))
        return None if skip > 0 else Fault(kind, orjson.loads(options))


def counted(store: Store) -> dict[str, int]:
    """Give how many requests of each operation have come in, answered or not."""
    with store.connection() as db:
        return dict(db.execute("SELECT operation, count FROM requests").fetchall())


def before(fault: Fault, sleep: Callable[[float], None] = time.sleep) -> None:
    """Do what a fault does before the request has its effect."""
    match fault.kind:
        case "slow":
            sleep(float(fault.options.get("seconds", 1)))
        case "status":
            raise _refusal(fault)
        case "quota":
            raise ApiError(
                429,
                "This fine-tune request has been rate-limited. Your organization has reached the maximum of "
                "3 active requests (2 running, 1 pending) for the model.",
                code="rate_limit_exceeded",
            )


def _refusal(fault: Fault) -> ApiError:
    status = int(fault.options.get("status", 500))
    kind = "server_error" if status >= 500 else "invalid_request_error"  # noqa: PLR2004 -- HTTP's own line
    message = str(fault.options.get("message", "The server had an error while processing your request."))
    return ApiError(status, message, code=fault.options.get("code"), kind=kind)


class FaultyConnections:
    """WSGI middleware: breaks the connection or the bytes of a reply, after or before its effect."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        caught: list[Any] = []

        def catch(*arguments: Any) -> None:
            caught.append(arguments)

        reply = self._app(environ, catch)
        fault: Fault | None = environ.get("ftops.fault")
        kind = fault.kind if fault else None
        if kind in ("lost_reply", "drop"):
            return _cut(environ, start_response)
        if fault is not None and kind == "status_after":
            refusal = _refusal(fault)
            return _reply(start_response, refusal.status, orjson.dumps(refusal.body), "application/json")
        if kind == "html":
            return _reply(start_response, 200, b"<html><body>Welcome to nginx!</body></html>", "text/html")
        if kind == "truncate":
            body = b"".join(reply)
            start_response(*caught[0])
            return [body[: len(body) // 2]]
        start_response(*caught[0])
        return reply


def _cut(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Close the socket under the server: the client sees a connection that ends without a reply."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    start_response("200 OK", [])
    return []


def _reply(
    start_response: Callable[..., Any], status: int, body: bytes, content_type: str
) -> Iterable[bytes]:
    start_response(f"{status} FAULT", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
    return [body]
