"""The emulator as a server on loopback. It trains nothing."""

import socket
import threading
import time
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Self

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from ftops.emulator.context import Emulator
from ftops.emulator.control import ControlRoutes
from ftops.emulator.wires import callers, interference, protocol
from ftops.emulator.wires.files import UPLOADS, UploadRequest
from ftops.emulator.wires.wire import wire_of
from ftops.emulator.world.settings import EmulatorSettings

__all__ = ["EmulatorServer", "EmulatorSettings", "create_app"]

EXTENSION = "ftops-emulator"
GRACE_SECONDS = 5.0
"""How long `stop` lets requests in flight finish before it closes their connections."""
POLL_SECONDS = 0.02


def create_app(
    settings: EmulatorSettings,
    clock: Callable[[], float] = time.time,
    hosts: Collection[str] = callers.LOOPBACK,
) -> Flask:
    """Build the WSGI application over a database, for callers of `hosts`.

    Raises OSError or sqlite3.Error, and KeyError for a format that is not spoken.

    Whoever makes one closes `app.extensions["ftops-emulator"]` when no request can come any more.
    """
    emulator = Emulator.open(settings, clock)
    app = Flask("ftops.emulator", static_folder=None)
    app.extensions[EXTENSION] = emulator
    app.request_class = UploadRequest
    app.config[UPLOADS] = settings.files
    app.url_map.merge_slashes = False
    wire = wire_of(settings.dialect)
    callers.install(app, hosts)
    interference.install(app, emulator)
    protocol.install(app, settings, wire)
    for routes in wire.routes:
        app.register_blueprint(routes(emulator).blueprint())
    if settings.control:
        app.register_blueprint(ControlRoutes(emulator, wire).blueprint())
    return app


class EmulatorServer:
    """An emulator on a loopback port, served by daemon threads.

    The port is bound and the database opened at once: OSError and sqlite3.Error come from the constructor.
    `stop` must be called even if it was never started.
    """

    def __init__(
        self,
        settings: EmulatorSettings,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        connections = Connections()
        with _listening(host, port) as listener:
            app = create_app(settings, clock, callers.LOOPBACK | {host.lower()})
            self._emulator: Emulator = app.extensions[EXTENSION]
            # Given a port instead of a socket, werkzeug would print and exit when it is taken.
            self._server = make_server(
                host,
                listener.getsockname()[1],
                app,
                threaded=True,
                request_handler=connections.handler(),
                fd=listener.fileno(),
            )
        self._connections = connections
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        shown = f"[{host}]" if ":" in host else host
        self.root_url = f"http://{shown}:{self._server.port}"
        self.base_url = self.root_url + wire_of(settings.dialect).base_path

    def start(self) -> None:
        """Serve from a daemon thread."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="emulator", daemon=True
        )
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve until `stop` or KeyboardInterrupt."""
        if self._thread is None:
            self.start()
        try:
            self._stopped.wait()
        except KeyboardInterrupt:
            self.stop()

    def stop(self) -> None:
        """End streams, let requests in flight finish, close sockets and database. Harmless when repeated."""
        if self._stopped.is_set():
            return
        self._emulator.stopping.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._connections.close_all(GRACE_SECONDS)
        self._emulator.close()
        self._stopped.set()

    def __enter__(self) -> Self:
        """Start."""
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


class Connections:
    """The connections being served: werkzeug keeps no account of them, and `stop` must leave none open."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: dict[threading.Thread, socket.socket] = {}

    def handler(self) -> type[WSGIRequestHandler]:
        """Return a request handler that enters its connection here and writes no log."""
        connections = self

        class Handler(WSGIRequestHandler):
            def handle(self) -> None:
                with connections._guard:
                    connections._open[threading.current_thread()] = self.connection
                super().handle()

            def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's signature
                """Say nothing: what went over the wire is for the client to log."""

        return Handler

    def close_all(self, grace: float) -> None:
        """Wait for the connections to end by themselves, then end them."""
        deadline = time.monotonic() + grace
        with self._guard:
            serving = dict(self._open)
        for thread in serving:
            thread.join(max(0.0, deadline - time.monotonic()))
        for thread, connection in serving.items():
            if thread.is_alive():
                interference.shut(connection)
                thread.join(1)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)
