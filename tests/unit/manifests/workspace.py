"""A project on disk for tests of the loader, with one provider of each dialect."""

from __future__ import annotations

from pathlib import Path

from ftops.errors import InvalidInput
from ftops.manifests.loaded import LoadedManifests
from ftops.manifests.parser import load_fine_tunes
from ftops.manifests.project import load_project
from ftops.providers.registry import dialects, facts_of

PROJECT = """\
apiVersion: ftops/v1
kind: Project
metadata: {name: demo-x7f2}
spec:
  default_provider: oa
  providers:
    oa: {dialect: openai, base_url: "emulator:e.db"}
    old: {dialect: openai_legacy, base_url: "emulator:e.db"}
"""
HEAD = "apiVersion: ftops/v1\nkind: FineTune\n"
ROW = '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}\n'


class Workspace:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("ftops.yaml", PROJECT)
        self.write("data/train.jsonl", ROW)
        (root / "jobs").mkdir()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def fine_tune(self, name: str, spec: str = "", *, model: str = "m", file: str | None = None) -> None:
        self.write(file or f"jobs/{name}.yaml", manifest(name, spec, model=model))

    def load(self) -> LoadedManifests:
        project, document = load_project(self.root, dialects())
        facts = {name: facts_of(settings) for name, settings in project.providers.items()}
        return load_fine_tunes(self.root, project, document, facts)

    def problems(self) -> list[str]:
        """Load, and give every problem as a person reads it."""
        try:
            return [str(problem) for problem in self.load().problems]
        except InvalidInput as error:
            return [str(problem) for problem in error.problems]


def manifest(name: str, spec: str = "", *, model: str = "m") -> str:
    """Return a manifest whose `spec` begins in line 4; further lines of the spec follow in line 7."""
    lines = [f"model: {model}", "training_file: {path: ../data/train.jsonl}", *spec.splitlines()]
    return f"{HEAD}metadata: {{name: {name}}}\nspec:\n" + "".join(f"  {line}\n" for line in lines)
