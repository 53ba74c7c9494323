"""Let faults strike requests: before the effect, after it, or on the connection."""

import contextlib
import socket
from collections.abc import Iterator

from flask import Flask, Response, g, request

from ftops.emulator.context import Emulator
from ftops.emulator.wires import refusals
from ftops.emulator.wires.replies import refusal_reply
from ftops.emulator.world.faults import Fault, Strike

HTML_PAGE = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n"


def install(app: Flask, emulator: Emulator) -> None:
    """Put faults around every route of a wire format; the control routes stay sound."""
    interference = Interference(emulator)
    app.before_request(interference.before)
    app.after_request(interference.after)


def current_strike() -> Strike:
    """Return the faults that strike the request being answered."""
    strike: Strike = g.get("strike", Strike())
    return strike


def hang_up() -> None:
    """End the connection under the server: what it writes from now on reaches nobody.

    Only the sending side is shut: a client that is still uploading would hang if nobody read on.
    """
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        shut(connection, socket.SHUT_WR)


def shut(connection: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    """End a connection that another thread may be using; that thread closes it."""
    with contextlib.suppress(OSError):
        connection.shutdown(how)


def listed_until(emulator: Emulator) -> float | None:
    """Return the real time before which a job must be made for a lagging list to show it."""
    lag = current_strike().standing_of("lagging_list")
    return None if lag is None else emulator.clock.real() - float(lag.parameters["seconds"])


def break_next_page(emulator: Emulator) -> None:
    """Arm the failure that follows a truncated list."""
    fault = current_strike().momentary
    if fault is not None and fault.parameters["failures"]:
        parameters = {"status": 500, "message": None, "code": None, "retry_after": None}
        emulator.faults.arm(Fault("status", "list", fault.parameters["failures"], parameters=parameters))


class Interference:
    """Look up the fault of each request and carry it out."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def before(self) -> Response | None:
        """Strike before the effect; a response here means that there is none."""
        operation = _operation()
        if operation is None:
            return None
        strike = self._emulator.faults.strike(operation, request.blueprint or "")
        g.strike = strike
        return None if strike.momentary is None else _instead(strike.momentary)

    def after(self, response: Response) -> Response:
        """Strike after the effect."""
        fault = current_strike().momentary
        if fault is None:
            return response
        if fault.kind == "lost_reply":
            hang_up()
        elif fault.kind == "truncate":
            _halve(response)
        elif fault.kind == "slow":
            self._emulator.stopping.wait(fault.parameters["seconds"])
        elif fault.kind == "status_after":
            return _error(fault)
        elif fault.kind == "html":
            return Response(HTML_PAGE, 200, mimetype="text/html")
        elif fault.kind == "odd_reply":
            return Response(fault.parameters["text"], 200, mimetype="application/json")
        elif fault.kind == "drip":
            response.response = self._drops(response.get_data(), fault.parameters["seconds"])
        return response

    def _drops(self, body: bytes, seconds: float) -> Iterator[bytes]:
        for number in range(len(body)):
            if self._emulator.stopping.wait(seconds):
                return
            yield body[number : number + 1]


def _operation() -> str | None:
    """Return the operation of the route: wire formats name their endpoints by it."""
    if request.endpoint is None or request.blueprint in (None, "control"):
        return None
    return request.endpoint.rpartition(".")[2]


def _instead(fault: Fault) -> Response | None:
    if fault.kind == "status":
        return _error(fault)
    if fault.kind == "drop":
        hang_up()
        return Response()
    return None


def _error(fault: Fault) -> Response:
    wanted = fault.parameters
    refusal = refusals.server_error(wanted["status"], wanted["message"], wanted["code"])
    return refusal_reply(refusal, wanted["retry_after"])


def _halve(response: Response) -> None:
    body = response.get_data()
    response.set_data(body[: len(body) // 2])
    response.headers["Content-Length"] = str(len(body))
