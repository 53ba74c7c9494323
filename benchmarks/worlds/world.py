"""A world that was made, as the one who measures handles it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.place import REPOSITORY
from benchmarks.provider.serving import Served, served
from benchmarks.worlds.shape import Shape
from benchmarks.worlds.writing import KEY, edit, point_at

CHANGED_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class World:
    """A project with its provider's jobs. `folder` belongs to it."""

    folder: Path
    shape: Shape

    @property
    def root(self) -> Path:
        """The project."""
        return self.folder / "project"

    @property
    def jobs(self) -> Path:
        """The provider's jobs, one a line."""
        return self.folder / "jobs.jsonl"

    @contextmanager
    def served(self, latency: float = 0.0) -> Iterator[Served]:
        """Serve the provider, and tell the project where it is."""
        with served(self.jobs, self.folder / "files.jsonl", latency) as provider:
            point_at(self.root, provider.base_url, self.shape.fine_tunes)
            yield provider

    def forget_files(self) -> None:
        """Make the next run a cold one: nothing is known of any file."""
        shutil.rmtree(self.root / ".ftops/cache", ignore_errors=True)

    def forget_everything(self) -> None:
        """Make the next run the first one in this project."""
        shutil.rmtree(self.root / ".ftops", ignore_errors=True)

    def edit(self, epochs: int) -> int:
        """Change 1 % of the fine-tunes."""
        return edit(self.root, self.shape, CHANGED_SHARE, epochs)


def make_world(folder: Path, shape: Shape) -> World:
    """Make a world in a folder of its own."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.worlds", str(folder), json.dumps(asdict(shape))]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    return World(folder, shape)


def surroundings() -> Mapping[str, str]:
    """Return the environment of a measured run: a plain one, outside CI."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, KEY: "sk-benchmark", "NO_COLOR": "1"}
