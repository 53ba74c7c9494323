"""A machine that has the trainer as it travels, and no ftops: programs run there as an engine runs them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from jsonschema import Draft7Validator

from ftops.providers.trainer_package import trainer_files
from ftops.trainer.schema import EVENT, schema

PREFIX = "FTOPS "

CHAT = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}

EVENTS = Draft7Validator(schema(EVENT))
RESULTS = Draft7Validator(
    {**schema(EVENT)["definitions"]["result"], "definitions": schema(EVENT)["definitions"]}
)


class Ended:
    """A program that has ended: its exit code, its events, each checked, and its errors."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.err = err
        self.lines = [line.removeprefix(PREFIX) for line in out.splitlines() if line.startswith(PREFIX)]
        self.events = [json.loads(line) for line in self.lines]
        for event in self.events:
            EVENTS.validate(event)

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type_]

    @property
    def last(self) -> dict[str, Any]:
        event: dict[str, Any] = self.events[-1]
        return event


class Node:
    """A working directory with `ftops_trainer` in it."""

    def __init__(self, root: Path, python: str = sys.executable) -> None:
        self.root = root
        self.outputs = root / "outputs"
        self._python = python
        for name, content in trainer_files().items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def data(self, name: str, rows: list[Any]) -> dict[str, str]:
        """Write a data file; return how a job document names it."""
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {"path": name, "sha256": hashlib.sha256(content).hexdigest()}

    def document(self, name: str = "a", **fields: Any) -> dict[str, Any]:
        """Write a job document; a field that is None is left out."""
        told = {
            "format_version": 1,
            "trainer_version": 1,
            "id": name,
            "model": "a-model",
            "method": "supervised",
            "output": str(self.outputs / name),
            **fields,
        }
        if "training_file" not in told:
            told["training_file"] = self.data("data.jsonl", [CHAT])
        document = {key: value for key, value in told.items() if value is not None}
        (self.root / f"{name}.json").write_text(json.dumps(document))
        return document

    def output(self, name: str = "a") -> Path:
        return self.outputs / name

    def kept(self, name: str = "a") -> list[dict[str, Any]]:
        """Return the events in the output folder."""
        return [json.loads(line) for line in (self.output(name) / "events.jsonl").read_text().splitlines()]

    def result(self, name: str = "a") -> dict[str, Any]:
        """Return the result, checked."""
        found: dict[str, Any] = json.loads((self.output(name) / "result.json").read_text())
        RESULTS.validate(found)
        return found

    def start(self, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        told = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.Popen(
            [self._python, *arguments],
            cwd=self.root,
            env={**told, "PYTHONDONTWRITEBYTECODE": "1", **(environ or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None, told: str = "") -> Ended:
        return ended(self.start(*arguments, environ=environ), told)

    def train(self, name: str = "a", environ: Mapping[str, str] | None = None) -> Ended:
        """Run the reference trainer on a document."""
        return self.run("-m", "ftops_trainer", f"{name}.json", environ=environ)


def ended(process: subprocess.Popen[str], told: str = "") -> Ended:
    out, err = process.communicate(told)
    return Ended(process.returncode, out, err)


def event_of(stream: IO[str] | None) -> dict[str, Any]:
    """Wait for the next event of a running program."""
    assert stream is not None
    for line in stream:
        if line.startswith(PREFIX):
            event: dict[str, Any] = json.loads(line.removeprefix(PREFIX))
            EVENTS.validate(event)
            return event
    raise AssertionError("the program ended without another event")


def no_torch(node: Node) -> dict[str, str]:
    """Return an environment in which torch cannot be imported, whether or not it is installed."""
    folder = node.root / "blocked"
    folder.mkdir()
    (folder / "torch.py").write_text("raise ImportError(\"No module named 'torch'\")\n")
    return {"PYTHONPATH": str(folder)}
