"""What a soak runs on: a project of chains, the emulator that it trains at, and who is told."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

FAULTS = (
    ("lost_reply", "create"),
    ("drop", "create"),
    ("status", "create"),
    ("status_after", "create"),
    ("html", "create"),
    ("fail_job", "create"),
    ("status", "list"),
    ("drop", "list"),
    ("truncate", "list"),
    ("lost_reply", "cancel"),
    ("status", "upload"),
    ("lost_reply", "upload"),
)
"""Each strikes once: kind and operation."""


@dataclass
class Receiver:
    """Whoever is told: every message by its delivery id; now and then it is down, and answers 503."""

    heard: Counter[str] = field(default_factory=Counter)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""
    down: float = 0.1
    draw: random.Random = field(default_factory=lambda: random.Random(1))

    def hear(self, delivery: str, body: bytes) -> int:
        """Take a message, or refuse it for now; return the status of the reply."""
        if self.draw.random() < self.down:
            return 503
        self.heard[delivery] += 1
        self.messages[delivery] = json.loads(body)
        return 204


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve a receiver on loopback."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.hear(self.headers["X-Ftops-Delivery"], body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Chains:
    """The project: `size` fine-tunes in chains of four; an edit raises the epochs of one of them."""

    root: Path
    size: int
    epochs: dict[str, int] = field(default_factory=dict)

    def made(self, base_url: str, hook: str) -> None:
        """Write the project."""
        row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
        for folder in ("jobs", "data"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "data/train.jsonl").write_text(12 * (json.dumps(row) + "\n"))
        most = 4 * self.size
        lines = (
            "apiVersion: ftops/v1",
            "kind: Project",
            "metadata: {name: soak-s1}",
            "spec:",
            "  manifests: [jobs/]",
            "  default_provider: local",
            "  providers:",
            f"    local: {{dialect: openai, base_url: '{base_url}', api_key: {{env: SOAK_KEY}}, timeout: 5}}",
            f"  limits: {{max_creates: {most}, max_cancels: {most}, max_cancels_percent: 100}}",
            f"  notify: [{{on: [succeeded, failed], webhook: '{hook}'}}]",
        )
        (self.root / "ftops.yaml").write_text("\n".join(lines) + "\n")
        for number in range(self.size):
            self.write(f"tune-{number:04}", 1)

    def write(self, name: str, epochs: int) -> None:
        """Write one manifest, as an editor does: in one step."""
        self.epochs[name] = epochs
        number = int(name.removeprefix("tune-"))
        model = f"{{from: tune-{number - 1:04}}}" if number % 4 else "gpt-4o-mini-2024-07-18"
        text = (
            f"apiVersion: ftops/v1\nkind: FineTune\nmetadata: {{name: {name}}}\nspec:\n  model: {model}\n"
            f"  training_file: {{path: ../data/train.jsonl}}\n  hyperparameters: {{n_epochs: {epochs}}}\n"
            "  lifecycle: {retry: {max_attempts: 9, on: [provider_error, unknown, cancelled, vanished]}}\n"
        )
        new = self.root / f"jobs/.{name}"
        new.write_text(text)
        new.rename(self.root / f"jobs/{name}.yaml")


def jobs_of(base_url: str) -> list[dict[str, Any]]:
    """Return all jobs of the provider, to its last page."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        url, key = f"{base_url}/fine_tuning/jobs", {"Authorization": "Bearer sk-soak"}
        page = requests.get(url, params={"limit": "100", **after}, headers=key, timeout=30).json()
        found += page["data"]
        if not page["has_more"]:
            return found
        after = {"after": page["data"][-1]["id"]}
