"""A bending gateway with the emulator behind it, served over HTTP, and its account of what was paid."""

from __future__ import annotations

import io
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from ftops.emulator.server import EXTENSION, EmulatorSettings, create_app
from tests.chaos.worlds import Shown, World, bent_file, bent_job

LAG_SECONDS = 0.5
ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Order:
    """One paid create, as it was sent. `stamp` is (name, generation and attempt), where there are marks.

    A fine-tune's suffix is its name here and every change raises `epochs`, so that the two name a generation
    where there are no marks.
    """

    suffix: str
    epochs: int
    stamp: tuple[str, str] | None
    job_id: str = ""
    at: float = 0.0


class Gateway:
    """The application. `paid` is every create that made a job, in order: the only account that counts."""

    def __init__(self, emulator: Flask, world: World, seed: int) -> None:
        self.world = world
        self.paid: list[Order] = []
        self._emulator = emulator
        self._draw = random.Random(seed)
        self._turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer a request; creates and lists take turns, so that a list shows every create before it."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path != self.world.jobs:
            return self._passed_on(environ, start_response, self._bent(path))
        with self._turn:
            if method == "POST":
                return self._create(environ, start_response)
            return self._passed_on(environ, start_response, self._bent_list)

    def twice(self) -> list[str]:
        """Name each create that paid a second time, whether the first job still runs or not."""
        seen: set[tuple[str, str | int]] = set()
        second: list[str] = []
        for order in self.paid:
            keys = {(order.suffix, order.epochs), *([order.stamp] if order.stamp else ())}
            if keys & seen:
                second.append(f"{order.suffix} with {order.epochs} epochs again as {order.job_id}")
            seen |= keys
        return second

    def active(self) -> list[str]:
        """Return the ids of the jobs that run, from the emulator itself."""
        reply = self._emulator.test_client().get(self.world.jobs, query_string={"limit": "1000"})
        return [job["id"] for job in reply.get_json()["data"] if job["status"] not in ENDED]

    def train(self) -> None:
        """Let every job come to its end."""
        self._emulator.test_client().post("/_emulator/time", json={"advance": 100_000})

    def _create(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        sent = environ["wsgi.input"].read(length)
        if len(sent) < length:
            raise ConnectionError("the request was cut")
        body = json.loads(sent or b"{}")
        order = _order(body) if body else None
        if self._draw.random() < self.world.drops_marks:
            body.pop("metadata", None)
        forwarded = json.dumps(body).encode()
        inner = environ | {"wsgi.input": io.BytesIO(forwarded), "CONTENT_LENGTH": str(len(forwarded))}

        def noted(job: Shown) -> Shown:
            if order is not None and "id" in job:
                self.paid.append(replace(order, job_id=job["id"], at=time.monotonic()))
            return bent_job(job, self.world, listed=False)

        return self._passed_on(inner, start_response, noted)

    def _bent(self, path: str) -> Callable[[Shown], Shown]:
        if path.startswith(f"{self.world.jobs}/"):
            return lambda body: bent_job(body, self.world, listed=False)
        if path.startswith("/v1/files"):
            return self._bent_files
        return lambda body: body

    def _bent_files(self, body: Shown) -> Shown:
        if isinstance(body.get("data"), list):
            return body | {"data": [bent_file(file, self.world) for file in body["data"]]}
        return bent_file(body, self.world) if "filename" in body else body

    def _bent_list(self, body: Shown) -> Shown:
        if not isinstance(body.get("data"), list):
            return body
        hidden: set[str] = set()
        if self.world.lagging_lists:
            newest = time.monotonic() - LAG_SECONDS
            hidden = {order.job_id for order in self.paid if order.at > newest}
        listed = [bent_job(job, self.world, listed=True) for job in body["data"] if job["id"] not in hidden]
        return body | {"data": listed}

    def _passed_on(
        self, environ: WSGIEnvironment, start_response: StartResponse, bend: Callable[[Shown], Shown]
    ) -> list[bytes]:
        said: list[Any] = []

        def capture(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
            said[:] = [status, headers]
            return lambda data: None

        content = b"".join(self._emulator.wsgi_app(environ, capture))
        status, headers = said
        if status.startswith("2") and dict(headers).get("Content-Type") == "application/json":
            content = json.dumps(bend(json.loads(content))).encode()
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start_response(status, [*kept, ("Content-Length", str(len(content)))])
        return [content]


def _order(body: Shown) -> Order:
    stamp = body.get("metadata")
    return Order(
        suffix=body["suffix"],
        epochs=body.get("n_epochs") or body["method"]["supervised"]["hyperparameters"]["n_epochs"],
        stamp=(stamp["ftops_name"], stamp["ftops_generation"]) if stamp else None,
    )


class _Quiet(WSGIRequestHandler):
    """Keeps connections open between requests, and says nothing of those that break."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's signature
        pass

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        pass


@contextmanager
def served(world: World, folder: Path, seed: int) -> Iterator[tuple[Gateway, str]]:
    """Serve a world on a free loopback port, with an empty account; yields it with its address."""
    emulator = create_app(EmulatorSettings(folder / "emulator" / "e.db"))
    gateway = Gateway(emulator, world, seed)
    application: WSGIApplication = gateway
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gateway, f"http://127.0.0.1:{server.server_port}"
    finally:
        emulator.extensions[EXTENSION].stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
        emulator.extensions[EXTENSION].close()
