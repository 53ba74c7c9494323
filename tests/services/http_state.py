"""Terraform's HTTP state protocol in memory, twice: plain under /states/, and as GitLab speaks it.

What GitLab answers was read in its source: it keeps ID, Who and Created of a lock and fills the rest with
what the present request says; it answers 500 to a write under another lock, and 422 to a serial that it has.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct, field

from ftops.model.value import replace
from ftops.state.backend import Opening
from tests.services import Service

USER, PASSWORD = "robot", "glpat-canary"
_GITLAB = re.compile(r"/api/v4/projects/([^/]+)/terraform/state/([^/]+?)(/lock)?")
_METHODS = ("GET", "POST", "PUT", "DELETE", "LOCK", "UNLOCK", "CONNECT")
_FIELDS = ("ID", "Operation", "Info", "Who", "Version", "Created", "Path")
Answer = tuple[int, bytes]


class Kept(Struct):
    """One state: its versions by serial (a plain one has only serial 0), and its lock."""

    versions: dict[int, bytes] = field(default_factory=dict)
    lock: dict[str, Any] | None = None

    def latest(self) -> bytes | None:
        return self.versions[max(self.versions)] if self.versions else None


class Controls(Struct):
    """What a test can make the server do.

    `silent` refuses without saying who holds; `lax` frees any lock; `ahead` is how many seconds its clock is.
    """

    ignores_locks: bool = False
    silent: bool = False
    lax: bool = False
    dateless: bool = False
    ahead: float = 0.0
    states: dict[str, Kept] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    accounts: list[str | None] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    mutex: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, method: str, fault: str, times: int = 1) -> None:
        """For the next request: error-after, drop-after, page, redirect, or a status without any effect."""
        self.faults.extend([(method, fault)] * times)

    def fault(self, method: str) -> str:
        found = next((one for one in self.faults if one[0] == method), None)
        if found is None:
            return ""
        self.faults.remove(found)
        return found[1]

    def kept(self, key: str) -> Kept:
        return self.states.setdefault(key, Kept())


class HttpState(Service, frozen=True):
    controls: Controls = field(default_factory=Controls)

    def gitlab(self, key: str, project: str = "1") -> Opening:
        url = self.prefix.replace("/states/", f"/api/v4/projects/{project}/terraform/state/")
        return replace(self.opening(key), url=url + key)


def plain(controls: Controls, key: str, method: str, lock_id: str | None, body: bytes) -> Answer:
    kept = controls.kept(key)
    refusal = b"" if controls.silent else json.dumps(kept.lock).encode()
    if method == "GET":
        data = kept.latest()
        return (404, b"no such state") if data is None else (200, data)
    if method == "LOCK":
        if kept.lock is not None and not controls.ignores_locks:
            return 423, refusal
        kept.lock = json.loads(body)
        return 200, b""
    if method == "UNLOCK":
        # `terraform force-unlock` sends no body, and so no ID.
        if not controls.lax and kept.lock and body and json.loads(body)["ID"] != kept.lock["ID"]:
            return 409, refusal
        kept.lock = None
        return 200, b""
    if method != "POST":
        return 405, b""
    if kept.lock is not None and lock_id != kept.lock["ID"]:
        return 423, refusal
    kept.versions = {0: body}
    return 200, b""


def gitlab(controls: Controls, match: re.Match[str], method: str, lock_id: str | None, body: bytes) -> Answer:
    project, name, lock = match.groups()
    if project != "1":
        return 404, b'{"message":"404 Project Not Found"}'
    key = f"gitlab/{name}"
    if lock:
        params = json.loads(body) if body else {}
        return _gitlab_lock(controls, key, method, {"ID": lock_id, **params} if lock_id else params)
    if method == "GET":
        if key not in controls.states:
            return 404, b'{"message":"404 Not found"}'
        data = controls.kept(key).latest()
        return (204, b"") if data is None else (200, data)
    if method == "POST":
        return _gitlab_write(controls.kept(key), lock_id, body)
    return 405, b'{"error":"405 Not Allowed"}'


def _gitlab_lock(controls: Controls, key: str, method: str, params: dict[str, Any]) -> Answer:
    if method == "POST":
        missing = [name for name in _FIELDS if name not in params]
        if missing or len(params["ID"]) > 255:
            return 400, json.dumps({"error": f"{', '.join(missing)} is missing"}).encode()
        kept, status = controls.kept(key), 200
        if kept.lock is not None and not controls.ignores_locks:
            status = 409
        else:
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            kept.lock = {"ID": params["ID"], "Who": USER, "Created": now}
        return status, json.dumps({**{name: params[name] for name in _FIELDS}, **kept.lock}).encode()
    if method == "DELETE":
        kept = controls.kept(key)
        held = kept.lock["ID"] if kept.lock else ""
        if "ID" in params and params["ID"] != held:
            return 409, b""
        kept.lock = None
        return 200, b"null"
    return 405, b'{"error":"405 Not Allowed"}'


def _gitlab_write(kept: Kept, lock_id: str | None, body: bytes) -> Answer:
    if not body:
        return 204, b""
    try:
        serial = json.loads(body).get("serial")
    except ValueError:
        return 422, b'{"message":"422 Unprocessable Entity - invalid JSON"}'
    if not isinstance(serial, int):
        return 422, b'{"message":"422 Unprocessable Entity - No serial in payload"}'
    if (kept.lock or {}).get("ID") != lock_id:
        return 500, b'{"message":"500 Internal Server Error"}'
    if serial in kept.versions:
        return 422, b'{"message":"PG::UniqueViolation: duplicate key value violates unique constraint"}'
    kept.versions[serial] = body
    return 200, b""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    controls: Controls

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        controls, account = self.controls, self.headers.get("Authorization")
        with controls.mutex:
            controls.seen.append(f"{self.command} {self.path}")
            controls.accounts.append(account)
            fault = controls.fault(self.command)
            if fault.isdigit():
                status, data = int(fault), b'{"message":"so it was told"}'
            elif fault == "page":
                status, data = 200, b"<!DOCTYPE html><title>Sign in</title>"
            elif fault == "redirect":
                status, data = 307, b""
            else:
                status, data = self.routed(account, body)
        if fault == "drop-after":
            self.close_connection = True
            return
        if fault == "error-after":
            status, data = 500, b"<h1>oops</h1>"
        self.answer(status, b"" if status == 204 else data)

    def routed(self, account: str | None, body: bytes) -> Answer:
        if account != "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode():
            return 401, json.dumps({"message": f"401 Unauthorized {account}"}).encode()
        parts = urlsplit(self.path)
        lock_id = parse_qs(parts.query).get("ID", [None])[0]
        if match := _GITLAB.fullmatch(parts.path):
            return gitlab(self.controls, match, self.command, lock_id, body)
        if parts.path.startswith("/states/"):
            return plain(self.controls, unquote(parts.path[8:]), self.command, lock_id, body)
        return 404, b'{"error":"404 Not Found"}'  # A CONNECT ends here too: this is no proxy.

    def answer(self, status: int, data: bytes) -> None:
        self.send_response_only(status)
        if not self.controls.dateless:
            self.send_header("Date", self.date_time_string(time.time() + self.controls.ahead))
        if status == 307:
            self.send_header("Location", "http://elsewhere.example/states/x")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def http_state() -> Iterator[HttpState]:
    """Serve on a free loopback port until the end of the block."""
    controls = Controls()
    methods = {f"do_{method}": _Handler.serve for method in _METHODS}
    handler = type("Handler", (_Handler,), {"controls": controls, **methods})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(0.05), daemon=True)
    thread.start()
    try:
        yield HttpState(
            "http",
            f"http://127.0.0.1:{server.server_port}/states/",
            {"TF_HTTP_USERNAME": USER, "TF_HTTP_PASSWORD": PASSWORD},
            controls=controls,
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
