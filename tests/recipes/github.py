"""GitHub, as far as the workflows ask it: pull requests, runs, artifacts; and the stub for comments."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.forge.server import Stub
from tests.forge.wire import answer
from tests.forge.world import REPOSITORY, TOKENS, World
from tests.recipes.workflow import Artifacts

_REPOSITORY = rf"/api/v3/repos/{REPOSITORY}"


@dataclass
class Run:
    """A run of a workflow."""

    id: str
    head: str
    path: str
    branch: str = "main"
    repository: str = REPOSITORY
    good: bool = True
    event: str = "push"


@dataclass
class GitHub:
    """What GitHub knows besides comments."""

    world: World = field(default_factory=World)
    runs: list[Run] = field(default_factory=list)
    artifacts: Artifacts = field(default_factory=dict)
    merged: dict[str, int] = field(default_factory=dict)
    """Numbers of pull requests, by the commit that main got of each."""
    path: str = "/api/v3"
    url: str = ""

    def pulls_of(self, commit: str) -> list[dict[str, Any]]:
        pulls = [
            (number, merge)
            for merge, number in self.merged.items()
            if commit in (merge, self.world.pulls[number].head)
        ]
        return [
            {
                "number": number,
                "merge_commit_sha": merge,
                "merged_at": "2026-11-28T12:00:00Z",
                "head": {"sha": self.world.pulls[number].head},
            }
            for number, merge in pulls
        ]

    def answered(self, request: Request) -> Response | None:
        """Answer what the stub for comments does not know, None for what it does."""
        if request.method != "GET" or not request.path.startswith(_REPOSITORY):
            return None
        path = request.path.removeprefix(_REPOSITORY)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in TOKENS:
            return answer({"message": "Bad credentials"}, 401)
        if found := re.fullmatch(r"/commits/([0-9a-f]{40})/pulls", path):
            return answer(self.pulls_of(found[1]))
        if found := re.fullmatch(r"/actions/runs/(\d+)", path):
            (run,) = (one for one in self.runs if one.id == found[1])
            return answer(_shown(run))
        if found := re.fullmatch(r"/actions/runs/(\d+)/artifacts", path):
            names = [name for run, name in self.artifacts if run == found[1]]
            return answer({"artifacts": [{"name": name, "expired": False} for name in names]})
        if found := re.fullmatch(r"/actions/workflows/([\w.-]+)/runs", path):
            asked = request.args
            assert asked["event"] == "pull_request"
            assert asked["status"] == "success"
            runs = [
                _shown(one)
                for one in reversed(self.runs)
                if one.path.endswith(f"/{found[1]}") and one.head == asked["head_sha"] and one.good
            ]
            return answer({"workflow_runs": runs, "total_count": len(runs)})
        return None


def _shown(run: Run) -> dict[str, Any]:
    return {
        "id": int(run.id),
        "path": run.path,
        "head_sha": run.head,
        "head_branch": run.branch,
        "event": run.event,
        "repository": {"full_name": REPOSITORY},
        "head_repository": {"full_name": run.repository} if run.repository else None,
    }


class Forge(Protocol):
    """What a forge knows besides comments; `url` is where its API is served."""

    world: World
    path: str
    url: str

    def answered(self, request: Request) -> Response | None:
        """Answer what the stub for comments does not know, None for what it does."""


class _Application(Stub):
    def __init__(self, forge: Forge) -> None:
        super().__init__(forge.world)
        self._forge = forge

    def __call__(self, environ: dict[str, object], start: object) -> object:
        response = self._forge.answered(Request(environ))
        if response is not None:
            return response(environ, start)  # type: ignore[arg-type]
        return super().__call__(environ, start)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Print nothing."""


F = TypeVar("F", bound=Forge)


@contextmanager
def served(forge: F) -> Iterator[F]:
    """Serve a forge on loopback."""
    application = _Application(forge)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)  # type: ignore[arg-type]
    application.root = f"http://127.0.0.1:{server.port}"
    forge.url = application.root + forge.path
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
