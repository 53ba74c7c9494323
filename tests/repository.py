"""A real Git repository for a test, which takes nothing from whoever runs it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_OWN = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
_WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "ana"), ("EMAIL", "ana@example.com"))
}


@dataclass(frozen=True)
class Repository:
    """A work tree. Its commits are as old as a test says."""

    root: Path

    @classmethod
    def init(cls, root: Path) -> Repository:
        root.mkdir(exist_ok=True)
        made = cls(root)
        made.git("init", "-q", "-b", "main")
        return made

    def git(self, *arguments: str, at: int = 1_700_000_000) -> str:
        dates = {f"GIT_{role}_DATE": f"{at} +0000" for role in ("AUTHOR", "COMMITTER")}
        nothing = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env={**_OWN, **_WHO, **dates, **nothing},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str] | None = None, at: int = 1_700_000_000) -> str:
        """Commit these files, or whatever was changed; give the hash."""
        for name, text in (files or {}).items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", "a change", at=at)
        return self.git("rev-parse", "HEAD")

    def clone(self, root: Path, *options: str) -> Repository:
        self.git("clone", "-q", *options, f"file://{self.root}", str(root))
        return Repository(root)
