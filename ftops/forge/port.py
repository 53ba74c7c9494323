"""What a forge can do for a comment, in our words, and how it says that it did not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from ftops.errors import ForgeError


class Refusal(ForgeError):
    """The forge said no, in its own words: certainly nothing was done."""

    def __init__(self, message: str, *, status: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Gone(Refusal):
    """What was asked for is not there: 404 or 410."""


class TooLong(Refusal):
    """The comment is larger than the forge takes."""


class Unsure(ForgeError):
    """A write that may have had its effect: 5xx, a gateway's page, an unreadable reply, a break.

    A create is never repeated after it before the comments have been listed again.
    """


class Clock(Struct, frozen=True):
    """Time as the forge's limits need it: `now` in Unix seconds, and a `sleep` of seconds."""

    now: Callable[[], float]
    sleep: Callable[[float], object]


class Comment(Struct, frozen=True):
    """A comment. `id` grows with time; `author` is None where the account has been deleted."""

    id: int
    author: str | None
    body: str
    url: str = ""

    @property
    def first_line(self) -> str:
        """Return its first line, whichever line ends a web form has left in it."""
        return self.body.partition("\n")[0].removesuffix("\r")


class PullRequest(Struct, frozen=True):
    """A pull request, or a merge request. `head` is the hash of its newest commit.

    `became` are the commits that it became in its base, once it is merged: a merge, a squash, the last that
    was rebased.
    """

    number: int
    head: str
    is_open: bool = True
    became: frozenset[str] = frozenset()


class Branch(Struct, frozen=True):
    """A branch in somebody's repository, with the commit that it must be at."""

    owner: str
    name: str
    commit: str


class Wanted(Struct, frozen=True):
    """Which pull request a run is about: a `number`, or what it must have as its head.

    `nowhere` says why there is none. `planned` is the head that this run is of, where the forge itself says
    so: then the plan's own word does not count. `stands_for` are heads by the merge commits made of them.
    """

    number: int | None = None
    branch: Branch | None = None
    commit: str | None = None
    nowhere: str = ""
    planned: str | None = None
    stands_for: Mapping[str, str] = {}

    def head_of(self, commit: str | None) -> str | None:
        """Return the head that a plan of this commit is of, None where nothing says so.

        A plan without a commit is of the head that the run has, if the forge says which.
        """
        if self.planned is not None:
            return self.planned
        if commit is None:
            heads = set(self.stands_for.values())
            return heads.pop() if len(heads) == 1 else None
        return self.stands_for.get(commit, commit)


class Forge(Protocol):
    """A forge with one repository.

    Raises Refusal where it says no, Unsure where a write may have been done, and ForgeError for everything
    else that goes wrong: a list that cannot be read is an error, never an empty list.
    """

    @property
    def name(self) -> str:
        """Its name in messages."""

    @property
    def thing(self) -> str:
        """What it calls a pull request."""

    @property
    def budget(self) -> int:
        """Bytes of UTF-8 that a comment may have."""

    def as_written(self, body: str) -> str:
        """Return a text as it is written there: nothing in it is a command to the forge."""

    def author(self) -> str:
        """Return whom our comments are by, as `Comment.author` names them."""

    def comments(self, number: int) -> tuple[Comment, ...]:
        """Return all comments of people and programs, from all pages."""

    def create(self, number: int, body: str) -> Comment:
        """Add a comment: sent once."""

    def update(self, number: int, comment: int, body: str) -> Comment:
        """Replace the text of a comment."""

    def delete(self, number: int, comment: int) -> None:
        """Delete a comment."""

    def pull_request(self, number: int) -> PullRequest:
        """Return a pull request. Raises Gone for a number that is none, such as that of a plain issue."""

    def open_with(self, branch: Branch) -> tuple[PullRequest, ...]:
        """Return the open pull requests whose head is this branch, at this commit."""

    def open_at(self, commit: str) -> tuple[PullRequest, ...]:
        """Return the open pull requests whose head is this commit."""

    def parents(self, commit: str) -> tuple[str, ...]:
        """Return the parents of a commit. Raises Refusal where it is not known or may not be seen."""
