"""A server between ftops and a store, which does what stores and networks do on bad days."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.services import Service
from tests.services.moto_s3 import environ_of, serving

ALWAYS = 10**9


@dataclass
class Fault:
    """What happens to the next `times` requests of a method whose path ends so (or has `part` in it)."""

    method: str = ""
    ending: str = ""
    part: str = ""
    times: int = 1
    status: int | None = None
    """Answer this, and let nothing through."""
    code: str = "InternalError"
    lose_reply: bool = False
    """Let it have its effect, then break the connection."""
    ignore_conditions: bool = False
    delay: float = 0.0
    before: Callable[[], None] = lambda: None
    """Done before the request is passed on."""

    def fits(self, method: str, path: str) -> bool:
        return (
            self.times > 0
            and self.method in {"", method}
            and path.endswith(self.ending)
            and self.part in path
        )


@dataclass
class FaultyProxy:
    """The proxy: `service` leads through it. `seen` has what came in, as (method, path)."""

    service: Service
    upstream: str
    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    mutex: threading.Lock = field(default_factory=threading.Lock)

    def inject(self, fault: Fault) -> Fault:
        with self.mutex:
            self.faults.append(fault)
        return fault

    def heal(self) -> None:
        with self.mutex:
            self.faults.clear()
            self.seen.clear()

    def serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        fault = self._fault(method, path)
        time.sleep(fault.delay)
        fault.before()
        if fault.status is not None:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            said = f"<Error><Code>{fault.code}</Code><Message>on request</Message></Error>".encode()
            start_response(f"{fault.status} Fault", [("Content-Length", str(len(said)))])
            return [said]
        status, headers, body = self._passed_on(environ, strip=fault.ignore_conditions)
        if fault.lose_reply:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionError("lost on request")
        start_response(f"{status} Passed", headers)
        return [body]

    def _fault(self, method: str, path: str) -> Fault:
        with self.mutex:
            self.seen.append((method, path))
            found = next((fault for fault in self.faults if fault.fits(method, path)), None)
            if found is None:
                return Fault()
            found.times -= 1
            return found

    def _passed_on(self, environ: dict[str, Any], *, strip: bool) -> tuple[int, list[tuple[str, str]], bytes]:
        path = environ.get("RAW_URI") or environ["PATH_INFO"]
        headers = {
            name[5:].replace("_", "-").title(): text
            for name, text in environ.items()
            if name.startswith("HTTP_") and not (strip and name in {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"})
        }
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=30)
        try:
            connection.request(environ["REQUEST_METHOD"], path, body, headers)
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        hop = {"connection", "transfer-encoding", "server", "date", "keep-alive"}
        kept = {name: text for name, text in reply.getheaders() if name.lower() not in hop}
        if environ["REQUEST_METHOD"] != "HEAD":
            kept["Content-Length"] = str(len(content))
        return reply.status, list(kept.items()), content


@contextmanager
def faulty_proxy(behind: Service) -> Iterator[FaultyProxy]:
    """Stand before moto."""
    proxy = FaultyProxy(behind, behind.environ["AWS_ENDPOINT_URL"])
    with serving(proxy.serve) as address:
        proxy.service = Service(behind.name, behind.prefix, {**behind.environ, **environ_of(address)})
        yield proxy
