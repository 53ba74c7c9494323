"""Write the files of a project: ftops.yaml, manifests, data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.worlds.shape import FOLDER, MANY, Layout, Shape

PROJECT = "benchmark-x7f2"
PROVIDER = "local"
MODEL = "gpt-4o-mini-2024-07-18"
KEY = "FTOPS_BENCHMARK_KEY"
"""The environment variable with the provider's key."""

UNSERVED = "http://127.0.0.1:9/v1"
USUAL_EPOCHS = 3
_TEAMS = 20


def write_project(root: Path, shape: Shape) -> None:
    """Write everything that is declared. The provider's address comes when one is served."""
    root.mkdir(parents=True)
    point_at(root, UNSERVED, shape.fine_tunes)
    for number in range(shape.files):
        data = root / data_path(number)
        data.parent.mkdir(parents=True, exist_ok=True)
        data.write_text("".join(_rows(number, shape)), encoding="utf-8")
    for path, text in _manifests(shape):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def point_at(root: Path, base_url: str, most: int) -> None:
    """Write ftops.yaml, with room in its limits for creating or replacing `most`."""
    (root / "ftops.yaml").write_text(
        f"""\
apiVersion: ftops/v1
kind: Project
metadata: {{name: {PROJECT}}}
spec:
  manifests: [jobs/]
  default_provider: {PROVIDER}
  providers:
    {PROVIDER}: {{dialect: openai, base_url: "{base_url}", api_key: {{env: {KEY}}}}}
  limits: {{max_creates: {most}, max_cancels: {most}, max_cancels_percent: 100}}
""",
        encoding="utf-8",
    )


def edit(root: Path, shape: Shape, share: float, epochs: int) -> int:
    """Declare other hyperparameters in a share of the manifests, spread evenly; return in how many.

    Other epochs than in the last edit: so that each run meets files that are new to it.
    """
    every = max(1, round(1 / share))
    numbers = range(0, shape.fine_tunes, every)
    if shape.layout is Layout.EACH:
        for number in numbers:
            (root / manifest_path(number)).write_text(_document(number, shape, epochs), encoding="utf-8")
        return len(numbers)
    changed = set(numbers)
    for start in range(0, shape.fine_tunes, MANY):
        members = range(start, min(start + MANY, shape.fine_tunes))
        text = (_document(each, shape, epochs if each in changed else USUAL_EPOCHS) for each in members)
        (root / many_path(start)).write_text("---\n".join(text), encoding="utf-8")
    return len(numbers)


def data_path(number: int) -> str:
    """Return where a data file stands in the project."""
    return f"data/{number // FOLDER:03}/rows-{number:06}.jsonl"


def manifest_path(number: int) -> str:
    """Return where a fine-tune stands that has a file to itself."""
    return f"jobs/{number // FOLDER:03}/tune-{number:06}.yaml"


def many_path(start: int) -> str:
    """Return where the fine-tunes from this one on stand together."""
    return f"jobs/000/tunes-{start:06}.yaml"


def _manifests(shape: Shape) -> Iterator[tuple[str, str]]:
    if shape.layout is Layout.EACH:
        for number in range(shape.fine_tunes):
            yield manifest_path(number), _document(number, shape)
        return
    for start in range(0, shape.fine_tunes, MANY):
        members = range(start, min(start + MANY, shape.fine_tunes))
        yield many_path(start), "---\n".join(_document(number, shape) for number in members)


def _document(number: int, shape: Shape, epochs: int = USUAL_EPOCHS) -> str:
    """Write one fine-tune; no two train the same, so that none has to wait for another's reply."""
    return f"""\
apiVersion: ftops/v1
kind: FineTune
metadata:
  name: tune-{number:06}
  labels: {{team: team-{number % _TEAMS:02}}}
  annotations: {{owner: "team-{number % _TEAMS:02}@example.com"}}
spec:
  model: {MODEL}
  training_file: {{path: ../../{data_path(number % shape.files)}}}
  hyperparameters:
    n_epochs: {epochs}
    batch_size: 8
    learning_rate_multiplier: 0.5
  suffix: tune-{number:06}
  seed: {number}
"""


def _rows(number: int, shape: Shape) -> Iterator[str]:
    answer = "x" * max(1, shape.row_bytes - 90)
    for row in range(shape.rows):
        messages = [
            {"role": "user", "content": f"question {row} of file {number}"},
            {"role": "assistant", "content": answer},
        ]
        yield json.dumps({"messages": messages}, separators=(",", ":")) + "\n"
