"""The stub as a server on loopback: GitHub under /api/v3, and under / as github.com; GitLab under /api/v4."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.forge.github_stub import GitHubStub
from tests.forge.gitlab_stub import GitLabStub
from tests.forge.wire import Cut, Refused, cut, faulty
from tests.forge.world import RENAMED, REPOSITORY_ID, World


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Print nothing."""


class Stub:
    """The application. Everything that comes is noted in the world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.root = ""

    def __call__(self, environ: dict[str, object], start: object) -> object:
        request = Request(environ)
        raw = str(environ.get("RAW_URI") or request.path).partition("?")[0]
        with self.world.mutex:
            self.world.seen.append((request.method, raw))
        self.world.before(request.method, raw)
        try:
            fault = self.world.fault(request.method, raw)
            response = faulty(request, fault, lambda: self._answer(request, raw))
        except Refused as refused:
            response = refused.response
        except Cut:
            cut(request)
            raise ConnectionError("cut on request") from None
        return response(environ, start)  # type: ignore[arg-type]

    def _answer(self, request: Request, path: str) -> Response:
        if path.startswith("/api/v4/"):
            return GitLabStub(self.world, f"{self.root}/api/v4").answer(request, path[len("/api/v4") :])
        if path == "/api/graphql":
            path = "/api/v3/graphql"
        prefix = "/api/v3" if path.startswith("/api/v3/") else ""
        own = path.removeprefix(prefix)
        if f"{own}/".startswith(f"/repos/{RENAMED}/"):
            to = own.replace(f"/repos/{RENAMED}", f"/repositories/{REPOSITORY_ID}")
            query = f"?{request.query_string.decode()}" if request.query_string else ""
            status = 301 if request.method == "GET" else 307
            return Response("{}", status, {"Location": f"{self.root}{prefix}{to}{query}"})
        return GitHubStub(self.world, self.root + prefix).answer(request, own)


@contextmanager
def forge_stub(world: World) -> Iterator[str]:
    """Serve a world; give the address of its root."""
    stub = Stub(world)
    server = make_server("127.0.0.1", 0, stub, threaded=True, request_handler=_Quiet)  # type: ignore[arg-type]
    stub.root = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stub.root
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
