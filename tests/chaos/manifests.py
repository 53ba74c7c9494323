"""A project on disk whose manifests keep changing."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.chaos.worlds import World

SEND_WINDOW, SETTLE = 1, 2
"""Seconds. A request is under way for milliseconds here, so a list two seconds later has seen it."""
PROJECT = """\
apiVersion: ftops/v1
kind: Project
metadata: {{name: chaos}}
spec:
  default_provider: p
  providers:
    p: {{dialect: {dialect}, base_url: "{address}/v1", api_key: {{env: FTOPS_TEST_KEY}},
        send_window: {window}, settle: {settle}, timeout: 5}}
"""
MODELS = {"openai": "gpt-4o-mini", "openai_legacy": "curie"}


class Manifests:
    """The project on disk. A change raises the epochs; what was removed never comes back under its name."""

    def __init__(self, root: Path, world: World, draw: random.Random) -> None:
        self.declared: dict[str, int] = {}
        self.count = 0
        self._root = root
        self._world = world
        self._draw = draw
        self._data: dict[str, str] = {}

    def begin(self, address: str) -> None:
        text = PROJECT.format(dialect=self._world.dialect, address=address, window=SEND_WINDOW, settle=SETTLE)
        (self._root / "jobs").mkdir(parents=True)
        (self._root / "data").mkdir()
        (self._root / "ftops.yaml").write_text(text)
        for name in ("red", "green", "blue"):
            (self._root / f"data/{name}.jsonl").write_text("".join(_rows(self._world.dialect, name)))

    def edit(self) -> None:
        """Declare one more, change one, or remove one."""
        kind = self._draw.choices(("declare", "change", "remove"), (5, 3, 2))[0]
        if kind == "declare" or not self.declared:
            name = f"job-{self.count}"
            self.count += 1
            self._data[name] = self._draw.choice(("red", "green", "blue"))
            self._write(name, self._draw.randint(1, 4))
            return
        name = self._draw.choice(sorted(self.declared))
        if kind == "change":
            self._write(name, self.declared[name] + 1)
        else:
            del self.declared[name]
            (self._root / f"jobs/{name}.yaml").unlink()

    def _write(self, name: str, epochs: int) -> None:
        """Let it appear at once: half a manifest would be another fine-tune."""
        self.declared[name] = epochs
        spec = {
            "model": MODELS[self._world.dialect],
            "training_file": {"path": f"../data/{self._data[name]}.jsonl"},
            "hyperparameters": {"n_epochs": epochs, "learning_rate_multiplier": 0.1},
            "suffix": name,
        }
        document = {"apiVersion": "ftops/v1", "kind": "FineTune", "metadata": {"name": name}, "spec": spec}
        aside = self._root / f"{name}.aside"
        aside.write_text(json.dumps(document))
        aside.rename(self._root / f"jobs/{name}.yaml")


def _rows(dialect: str, name: str) -> Iterator[str]:
    for number in range(12):
        asked, told = f"{name} {number}?", f" {name}."
        talk = [{"role": "user", "content": asked}, {"role": "assistant", "content": told}]
        row: dict[str, Any] = {"messages": talk}
        if dialect == "openai_legacy":
            row = {"prompt": asked, "completion": told}
        yield json.dumps(row) + "\n"
