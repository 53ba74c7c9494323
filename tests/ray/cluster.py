"""A bare HTTP client of a cluster, real or emulated, that waits by asking."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

from ftops.transport.archive import archive

OVER = ("SUCCEEDED", "FAILED", "STOPPED")
PATIENCE_SECONDS = 120.0
"""Within which everything happens, however busy the machine is; on an idle one it takes a few seconds."""
ENDLESS = "sleep 1000000"
NO_AGENT = ("ClientConnectorError: Cannot connect", "No available agent to submit job")
"""What a head answers to a job that it could hand to nobody, with 500. Ray 2.60.0."""
MISSING = {"nosuch": 1}
"""A resource that no node has."""


class Cluster:
    """One base URL. `tick` lets time pass between two looks."""

    def __init__(
        self, url: str, *, token: str | None = None, tick: Callable[[], None] = lambda: time.sleep(0.1)
    ) -> None:
        self.url = url
        self.token = token
        self._tick = tick

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return requests.request(method, self.url + path, headers=headers, timeout=60, **more)

    def session(self) -> str:
        name: str = self.ask("GET", "/api/version").json()["session_name"]
        return name

    def post(self, job_id: str, entrypoint: str = "exit 0", **more: Any) -> requests.Response:
        """Submit a job, again where it reached no agent: a head that restarts first tries its old one."""
        body = {"submission_id": job_id, "entrypoint": entrypoint, **more}
        replies: list[requests.Response] = []

        def answered() -> bool:
            replies.append(self.ask("POST", "/api/jobs/", json=body))
            return not any(words in replies[-1].text for words in NO_AGENT)

        self.until(answered, "no agent takes jobs")
        return replies[-1]

    def submit(self, entrypoint: str = "exit 0", **more: Any) -> str:
        """Submit a job under a new id, and return the id."""
        job_id = new_id()
        reply = self.post(job_id, entrypoint, **more)
        assert reply.status_code == 200, reply.text
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        reply = self.ask("GET", f"/api/jobs/{job_id}")
        assert reply.status_code == 200, reply.text
        job: dict[str, Any] = reply.json()
        return job

    def jobs(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ask("GET", "/api/jobs/").json()
        return rows

    def stop(self, job_id: str) -> bool:
        stopped: bool = self.ask("POST", f"/api/jobs/{job_id}/stop").json()["stopped"]
        return stopped

    def logs(self, job_id: str) -> str:
        logs: str = self.ask("GET", f"/api/jobs/{job_id}/logs").json()["logs"]
        return logs

    def over(self, job_id: str) -> dict[str, Any]:
        """Wait until a job has ended, and return it."""
        self.until(lambda: self.job(job_id)["status"] in OVER, f"job {job_id} does not end")
        return self.job(job_id)

    def says(self, job_id: str, word: str) -> None:
        """Wait until a job's log has the word."""
        self.until(lambda: word in self.logs(job_id), f"job {job_id} never says {word}")

    def put(self, content: bytes) -> str:
        """PUT a package, and return its URI."""
        reply = self.ask("PUT", package_path(content), data=content)
        assert reply.status_code == 200, reply.text
        return package_uri(content)

    def has(self, content: bytes) -> bool:
        """Ask whether a package is there; the answer holds it there for a while."""
        status = self.ask("GET", package_path(content)).status_code
        assert status in {200, 404}
        return status == 200

    def until(self, condition: Callable[[], object], complaint: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, complaint
            self._tick()


def new_id() -> str:
    """Return an id that does not begin as those of ftops do, which is for its own jobs."""
    return f"facts-1-1-{uuid.uuid4().hex[:16]}"


def package(**members: str) -> bytes:
    """Return a package of our kind; `__` in a name is a slash."""
    return archive({name.replace("__", "/"): text.encode() for name, text in members.items()})


def package_name(content: bytes) -> str:
    return f"_ray_pkg_{hashlib.sha256(content).hexdigest()}.zip"


def package_uri(content: bytes) -> str:
    return f"gcs://{package_name(content)}"


def package_path(content: bytes) -> str:
    return f"/api/packages/gcs/{package_name(content)}"
