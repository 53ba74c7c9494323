"""A server that speaks Acme's format, from its documents; it imports nothing of the dialect that it tests."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = 20
TRAINS_SECONDS = 600


class World:
    """Everything at Acme. Time stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.tunings: dict[str, dict[str, Any]] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.gone: set[str] = set()
        self.numbers = itertools.count(1)

    def new_file(self, name: str, data: bytes) -> str:
        file_id = f"file-{next(self.numbers)}"
        self.files[file_id] = (name, data)
        return file_id

    def shown(self, tuning: dict[str, Any]) -> dict[str, Any]:
        """Let a tuning end once its time has come."""
        if tuning["state"] == "training" and self.now >= tuning["began"] + TRAINS_SECONDS:
            ended = tuning["began"] + TRAINS_SECONDS
            model = f"{tuning['base']}/{tuning['id']}"
            tuning |= {"state": "done", "ended": ended, "model": model}
            tuning["reports"] = [self.new_file("report.csv", b"step,loss\n1,0.5\n")]
        return tuning


class Refused(Exception):
    """A 4xx."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def refusal(status: int, text: str) -> dict[str, Any]:
    """The shape in which Acme says no."""
    return {"problem": {"kind": str(status), "text": text}}


def serve(world: World) -> ThreadingHTTPServer:
    """Serve on a free port of loopback; the caller shuts it down."""

    class Handler(AcmeHandler):
        acme = world

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class AcmeHandler(BaseHTTPRequestHandler):
    """The routes."""

    protocol_version = "HTTP/1.1"
    acme: World

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.removeprefix("/v2").partition("?")
        try:
            self.reply(200 if self.command != "POST" else 201, self.routed(path, query, body))
        except Refused as error:
            self.reply(error.status, refusal(error.status, str(error)))

    do_GET = do_POST = do_DELETE = answer

    def routed(self, path: str, query: str, body: bytes) -> Any:
        for method, pattern, route in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                return route(self, *found.groups(), query, body)
        raise Refused(404, "there is no such address")

    def reply(self, status: int, value: Any) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def tuning(self, tuning_id: str) -> dict[str, Any]:
        if tuning_id not in self.acme.tunings:
            raise Refused(404, f"there is no tuning {tuning_id}")
        return self.acme.shown(self.acme.tunings[tuning_id])

    def create(self, _: Any, body: bytes) -> Any:
        order = json.loads(body)
        if order["data"] not in self.acme.files:
            raise Refused(422, f"there is no file {order['data']}")
        tuning_id = f"tuning-{next(self.acme.numbers)}"
        made = {"passes": 1, **order, "id": tuning_id, "state": "training", "began": self.acme.now}
        self.acme.tunings = {tuning_id: made, **self.acme.tunings}
        return made

    def tunings(self, query: str | None, _: bytes) -> Any:
        start = int((query or "").partition("cursor=")[2] or 0)
        every = [self.acme.shown(one) for one in self.acme.tunings.values()]
        more = {"next": str(start + PAGE)} if len(every) > start + PAGE else {}
        return {"tunings": every[start : start + PAGE], **more}

    def retrieve(self, tuning_id: str, _: Any, __: bytes) -> Any:
        return self.tuning(tuning_id)

    def stop(self, tuning_id: str, _: Any, __: bytes) -> Any:
        tuning = self.tuning(tuning_id)
        if tuning["state"] != "training":
            raise Refused(409 if tuning["state"] == "stopping" else 422, f"it is {tuning['state']}")
        tuning |= {"state": "stopped", "ended": self.acme.now}
        return tuning

    def log(self, tuning_id: str, _: Any, __: bytes) -> Any:
        tuning = self.tuning(tuning_id)
        lines = [{"at": tuning["began"], "level": "info", "text": "it began"}]
        if "ended" in tuning:
            lines.append({"at": tuning["ended"], "level": "info", "text": f"it is {tuning['state']}"})
        return {"lines": lines}

    def upload(self, _: Any, body: bytes) -> Any:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + body)
        part = next(one for one in form.iter_parts() if one.get_filename())
        name = part.get_filename()
        return {"id": self.acme.new_file(name, part.get_payload(decode=True)), "name": name}

    def files(self, _: str | None, __: bytes) -> Any:
        return {"files": [{"id": key, "name": name} for key, (name, _) in self.acme.files.items()]}

    def file(self, file_id: str, _: Any, __: bytes) -> Any:
        if file_id not in self.acme.files:
            raise Refused(404, f"there is no file {file_id}")
        return {"id": file_id, "name": self.acme.files[file_id][0]}

    def file_bytes(self, file_id: str, *_: Any) -> Any:
        return self.acme.files[file_id][1]

    def delete_file(self, file_id: str, *_: Any) -> Any:
        self.acme.files.pop(file_id, None)
        return {}

    def models(self, *_: Any) -> Any:
        made = (self.acme.shown(one).get("model") for one in self.acme.tunings.values())
        return {"models": [model for model in made if model and model not in self.acme.gone]}

    def delete_model(self, model: str, *_: Any) -> Any:
        self.acme.gone.add(model)
        return {}


ROUTES: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("POST", "/tunings", AcmeHandler.create),
    ("GET", "/tunings", AcmeHandler.tunings),
    ("GET", "/tunings/([^/]+)", AcmeHandler.retrieve),
    ("DELETE", "/tunings/([^/]+)", AcmeHandler.stop),
    ("GET", "/tunings/([^/]+)/log", AcmeHandler.log),
    ("POST", "/files", AcmeHandler.upload),
    ("GET", "/files", AcmeHandler.files),
    ("GET", "/files/([^/]+)", AcmeHandler.file),
    ("GET", "/files/([^/]+)/bytes", AcmeHandler.file_bytes),
    ("DELETE", "/files/([^/]+)", AcmeHandler.delete_file),
    ("GET", "/models", AcmeHandler.models),
    ("DELETE", "/models/(.+)", AcmeHandler.delete_model),
)
