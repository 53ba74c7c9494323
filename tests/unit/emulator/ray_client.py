"""A bare client of a Ray head, and the packages that jobs are made of."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import CHAT, Client, Clock

ENTRYPOINT = "exec python -m ftops_trainer job.json"
OUTPUT = "/mnt/models"
ROWS = 12
STEPS = 9
"""Of twelve rows at a batch size of four, three times."""
RUNS_AFTER = 4.0
TRAINS_AFTER = 15.0
ENDS_AFTER = 1000.0


def archive(entries: Mapping[str, bytes]) -> bytes:
    """Return a zip archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, data in entries.items():
            opened.writestr(name, data)
    return content.getvalue()


def jsonl(row: Any = CHAT, rows: int = ROWS) -> bytes:
    """Return a data file."""
    return b"".join(json.dumps(row).encode() + b"\n" for _ in range(rows))


class Head(Client):
    """Submits jobs as ftops does: a package for the job document, and one for the data."""

    def put(self, name: str, content: bytes) -> str:
        """Put a package and return its URI."""
        response = self.request("PUT", f"/api/packages/gcs/{name}", data=content)
        assert (response.status_code, response.content) == (200, b""), response.text
        return f"gcs://{name}"

    def data(self, content: bytes) -> tuple[str, dict[str, str]]:
        """Put a data file; return its package, and how a job document names it."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = f"ftops_data/{sha256}.jsonl"
        uri = self.put(f"_ray_pkg_{sha256}.zip", archive({path: content}))
        return uri, {"path": path, "sha256": sha256}

    def document(self, job_id: str, **told: Any) -> dict[str, Any]:
        return {
            "format_version": 1,
            "trainer_version": 1,
            "id": job_id,
            "model": "random:tiny",
            "method": "supervised",
            "output": f"{OUTPUT}/{job_id}",
            **told,
        }

    def train(
        self, job_id: str, content: bytes | None = None, *, body: Any = None, **told: Any
    ) -> requests.Response:
        """Submit a training; what is `told` goes into its document, and `body` beside it."""
        uri, named = self.data(jsonl() if content is None else content)
        document = self.document(job_id, **{"training_file": named, **told})
        package = archive({"job.json": json.dumps(document).encode(), "ftops_trainer/__main__.py": b""})
        folder = self.put(f"_ray_pkg_{hashlib.sha256(package).hexdigest()}.zip", package)
        return self.submit(
            job_id, ENTRYPOINT, runtime_env={"working_dir": folder, "py_modules": [uri]}, **(body or {})
        )

    def submit(self, job_id: str, entrypoint: str = "sleep 60", **body: Any) -> requests.Response:
        told = {"submission_id": job_id, "entrypoint": entrypoint, **body}
        return self.request("POST", "/api/jobs/", json=told)

    def shown(self, job_id: str) -> dict[str, Any]:
        row: dict[str, Any] = self.get(f"/api/jobs/{job_id}")
        return row

    def status(self, job_id: str) -> str:
        return str(self.shown(job_id)["status"])

    def stop(self, job_id: str) -> bool:
        stopped: bool = self.post(f"/api/jobs/{job_id}/stop")["stopped"]
        return stopped

    def log(self, job_id: str) -> str:
        return str(self.get(f"/api/jobs/{job_id}/logs")["logs"])

    def events(self, job_id: str) -> list[dict[str, Any]]:
        lines = self.log(job_id).splitlines()
        return [json.loads(line.removeprefix("FTOPS ")) for line in lines if line.startswith("FTOPS ")]

    def last(self, job_id: str) -> dict[str, Any]:
        return self.events(job_id)[-1]

    def output(self, name: str) -> dict[str, Any]:
        """What was done in an output folder, by the emulator's own account."""
        outputs = self.get("/_emulator/ray")["outputs"]
        found: dict[str, Any] = next(each for each in outputs if each["path"] == f"{OUTPUT}/{name}")
        return found

    def session(self) -> str:
        return str(self.get("/api/version")["session_name"])

    def restart(self, **how: Any) -> None:
        self.post("/_emulator/ray/restart", how)

    def cluster(self, **has: Any) -> None:
        self.post("/_emulator/ray/cluster", has)


@contextmanager
def head(database: Path, clock: Clock, key: str | None = None) -> Iterator[Head]:
    """Serve a head."""
    settings = EmulatorSettings(database, dialect="ray", api_key=key)
    with EmulatorServer(settings, clock=clock) as server:
        yield Head(server.base_url, key)
