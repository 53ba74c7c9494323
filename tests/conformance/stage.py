"""Where ftops meets a real server: the server as a process, a wire to it that can be cut, and a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.accounts import unseen
from tests.conformance.servers import Server
from tests.services.cutting_proxy import Cut, Side, cutting_proxy
from tests.services.processes import free_port, serving_process

PROJECT = """\
apiVersion: ftops/v1
kind: Project
metadata: {{name: {name}}}
spec:
  default_provider: real
  providers:
    real: {{dialect: openai, base_url: "{address}/v1", api_key: {{env: FTOPS_TEST_KEY}},
           send_window: 2, settle: 3}}
"""
CREATES = "/v1/fine_tuning/jobs"
SETTLED_SECONDS = 60.0
"""How long a project may take to come to rest: several times `send_window` and `settle`."""
MOST_SAID = 400
"""Characters of a command's output that a failed cell shows: its end, where the errors are."""
ENDED = ("succeeded", "failed", "cancelled")


@dataclass
class FirstCreate:
    """Cuts the reply of the first create, before its first byte: the job is there, and nobody was told."""

    armed: bool = False

    def __call__(self, method: str, path: str) -> Cut | None:
        if not self.armed or (method, path) != ("POST", CREATES):
            return None
        self.armed = False
        return Cut(Side.REPLY)


@dataclass
class Stage:
    """A project whose provider is the server behind the wire. `direct` leads to the server past the wire."""

    server: Server
    root: Path
    direct: str
    wire: FirstCreate
    said: list[str]
    """What each command printed: the reason of a failed cell."""

    def declare(self, name: str, **spec: Any) -> None:
        """Write a manifest with data of its own: no two fine-tunes look alike."""
        rows = ({"messages": _talk(f"{name} {number}?", f"{name}.")} for number in range(12))
        _write(self.root / "data" / f"{name}.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
        document = {
            "apiVersion": "ftops/v1",
            "kind": "FineTune",
            "metadata": {"name": name},
            "spec": {"model": "gpt-4o-mini", "training_file": {"path": f"../data/{name}.jsonl"}, **spec},
        }
        _write(self.root / "jobs" / f"{name}.yaml", json.dumps(document))

    def remove(self, name: str) -> None:
        (self.root / "jobs" / f"{name}.yaml").unlink()

    def ftops(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit code and all that it printed, as one line."""
        done = subprocess.run(
            [sys.executable, "-m", "ftops", "-C", str(self.root), *arguments],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        text = " ".join((done.stdout + done.stderr).split())
        self.said.append(f"{' '.join(arguments)} -> {done.returncode}: {text[-MOST_SAID:]}")
        assert "Traceback" not in text, text
        return done.returncode, text

    def plan(self) -> dict[str, str]:
        """Return the action of each name with its reason."""
        _, text = self.ftops("plan", "--format", "json")
        document = json.JSONDecoder().raw_decode(text[text.index("{") :])[0]
        return {each["name"]: f"{each['action']} {each['reason']}" for each in document["changes"]}

    def settle(self) -> dict[str, str]:
        """Apply until nothing is left to do or to wait for; return what the plan then says."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while True:
            self.ftops("apply", "--yes", "--allow-empty")
            planned = self.plan()
            if all(words.startswith(("keep", "hold")) for words in planned.values()):
                return planned
            assert time.monotonic() < deadline, f"it does not settle: {planned}"
            time.sleep(0.5)

    def jobs(self) -> list[dict[str, Any]]:
        """Return all that was ever paid for, from the server itself."""
        reply = requests.get(f"{self.direct}{CREATES}", params={"limit": "100"}, timeout=30)
        reply.raise_for_status()
        listed: list[dict[str, Any]] = reply.json()["data"]
        return listed

    def active(self) -> list[str]:
        return [job["id"] for job in self.jobs() if job["status"] not in ENDED]

    def unseen(self) -> list[str]:
        """Return the running jobs that neither the state nor the plan knows."""
        _, said = self.ftops("plan")
        return unseen(self.active(), self.root / ".ftops" / "state.json", said)

    def train(self) -> None:
        """Let every job come to its end, the way the server's jobs move."""
        for job in self.jobs():
            for _ in range(self.server.polls_to_end):
                requests.get(f"{self.direct}{CREATES}/{job['id']}", timeout=30).raise_for_status()


def _talk(question: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _environment() -> dict[str, str]:
    """Keep proxies and what CI means for secrets away: the server is on this machine."""
    dropped = ("CI", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    kept = {name: value for name, value in os.environ.items() if name.upper() not in dropped}
    return kept | {"FTOPS_TEST_KEY": "sk-conformance-key", "NO_COLOR": "1"}


@contextmanager
def stage(server: Server, programs: Path, folder: Path, said: list[str]) -> Iterator[Stage]:
    """Start a server anew, with an empty account. Raises Unavailable where it does not start."""
    home, root, port = folder / "server", folder / "project", free_port()
    home.mkdir(parents=True)
    direct, wire = f"http://127.0.0.1:{port}", FirstCreate()
    with (
        serving_process(server.command(programs, home, port), port, home, _environment()),
        cutting_proxy(direct, wire) as proxy,
    ):
        _write(root / "ftops.yaml", PROJECT.format(name=f"real-{server.name}", address=proxy.address))
        (root / "jobs").mkdir()
        yield Stage(server, root, direct, wire, said)


Check = Callable[[Stage], None]
