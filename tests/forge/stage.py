"""One of the two forges as a run in its CI has it, and a clock that only counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ftops.forge.opening import Opened, open_github, open_gitlab
from ftops.forge.port import Clock
from ftops.transport.secret import Vault
from tests.forge.world import HEAD, REPOSITORY, Account, World


@dataclass
class Waits:
    """A clock that is never waited for."""

    slept: list[float] = field(default_factory=list)

    def clock(self, now: float = 1_800_000_000.0) -> Clock:
        return Clock(lambda: now, self.slept.append)

    @property
    def total(self) -> float:
        return sum(self.slept)


@dataclass
class Stage:
    """One of the two forges, as a run in its CI has it."""

    kind: str
    root: str
    world: World
    waits: Waits
    token: str
    me: Account

    def environ(self, **more: str) -> dict[str, str]:
        if self.kind == "github":
            own = {"GITHUB_API_URL": f"{self.root}/api/v3", "GITHUB_REPOSITORY": REPOSITORY}
            return {**own, "GITHUB_TOKEN": self.token, **more}
        own = {"CI_API_V4_URL": f"{self.root}/api/v4", "CI_PROJECT_ID": "9", "CI_COMMIT_SHA": HEAD}
        return {
            **own,
            "CI_PROJECT_URL": "https://gitlab.example/almhof/tunes",
            "GITLAB_TOKEN": self.token,
            **more,
        }

    def opened(self, environ: Mapping[str, str] | None = None, number: int | None = 7) -> Opened:
        opening = open_github if self.kind == "github" else open_gitlab
        return opening(environ or self.environ(), Vault(), number, self.waits.clock())

    @property
    def update_method(self) -> str:
        return "PATCH" if self.kind == "github" else "PUT"
