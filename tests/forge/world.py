"""What the stub knows: one repository, its pull requests and comments, who may do what, and faults."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

REPOSITORY, REPOSITORY_ID = "almhof/tunes", 4711
RENAMED = "almhof/old-tunes"
HEAD, BASE, MERGE, OLD = "1" * 40, "2" * 40, "3" * 40, "4" * 40
BOT = "github-actions[bot]"


@dataclass
class Account:
    """Who is behind a token. `by_user`: `GET /user` answers; a workflow's token may not ask it."""

    login: str
    id: int
    bot: bool = False
    by_user: bool = True
    by_graphql: bool = True
    writes: bool = True
    reads_only: bool = False


@dataclass
class Comment:
    """A comment or a note."""

    id: int
    number: int
    author: Account | None
    body: str
    system: bool = False


@dataclass
class Pull:
    """A pull request, or a merge request."""

    number: int
    head: str = HEAD
    branch: str = "more-epochs"
    owner: str = "almhof"
    state: str = "open"
    became: str | None = None


@dataclass
class Fault:
    """What goes wrong at the next requests whose method and path it fits, `after` so many that it spares."""

    kind: str
    method: str
    path: str = ""
    times: int = 1
    value: str = ""
    after: int = 0


WORKFLOW = Account(BOT, 41898282, bot=True, by_user=False)
PERSON = Account("mara", 7)
ROBOT = Account("project_9_bot_ab12", 99, bot=True)
READER = Account(BOT, 41898282, bot=True, by_user=False, writes=False)
JOB = Account("mara", 7, reads_only=True)

TOKENS = {
    "ghs_workflow0": WORKFLOW,
    "ghs_unnamed00": Account(BOT, 41898282, bot=True, by_user=False, by_graphql=False),
    "ghs_app000000": Account("tuner[bot]", 55, bot=True, by_user=False, by_graphql=False),
    "ghs_readonly0": READER,
    "ghp_person000": PERSON,
    "glpat-robot00": ROBOT,
    "glcbt-job0000": JOB,
    "glpat-scoped0": Account("narrow", 98, bot=True, writes=False),
}


@dataclass
class World:
    """Everything behind the stub. `complaints` are what a good client never does."""

    comments: list[Comment] = field(default_factory=list)
    pulls: dict[int, Pull] = field(default_factory=lambda: {7: Pull(7)})
    issues: set[int] = field(default_factory=lambda: {5})
    parents: dict[str, list[str]] = field(
        default_factory=lambda: {HEAD: [BASE], BASE: [], OLD: [BASE], MERGE: [BASE, HEAD]}
    )
    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    longest: int | None = None
    archived: bool = False
    mutex: threading.RLock = field(default_factory=threading.RLock)
    before: Callable[[str, str], None] = lambda method, path: None

    def post(self, author: Account | None, body: str, number: int = 7, *, system: bool = False) -> Comment:
        """Add a comment, as its author would have."""
        with self.mutex:
            last = max((one.id for one in self.comments), default=1000)
            made = Comment(last + 1, number, author, body, system)
            self.comments.append(made)
            return made

    def delete(self, comment: Comment) -> None:
        with self.mutex:
            self.comments.remove(comment)

    def on(self, number: int) -> list[Comment]:
        with self.mutex:
            return [one for one in self.comments if one.number == number]

    def found(self, comment: int) -> Comment | None:
        with self.mutex:
            return next((one for one in self.comments if one.id == comment), None)

    def fail(
        self, kind: str, method: str, path: str = "", *, times: int = 1, value: str = "", after: int = 0
    ) -> None:
        self.faults.append(Fault(kind, method, path, times, value, after))

    def fault(self, method: str, path: str) -> Fault | None:
        with self.mutex:
            for one in self.faults:
                if not one.times or one.method != method or one.path not in path:
                    continue
                if one.after:
                    one.after -= 1
                    continue
                one.times -= 1
                return one
        return None

    def count(self, method: str, part: str = "") -> int:
        """Count the requests that came."""
        return sum(1 for one, path in self.seen if one == method and part in path)
