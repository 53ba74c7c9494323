"""Description: what people should know of a wire format besides its capabilities, as data.

A dialect's module defines one as `DESCRIPTION`, and its class shows it as `description`. The pages in
`docs/reference/providers/`, `ftops providers` and the README's table are drawn from it; `service` and `hosts`
decide which dates of `retirements.json` and prices of `prices.json` concern a provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from msgspec import Struct, field

from ftops.model.job import JobStatus
from ftops.providers.failure_classes import FailureClasses


class Document(Struct, frozen=True):
    """A source that the dialect was written from. `read` is the date (ISO) of the copy that was read."""

    title: str
    url: str
    read: str | None = None


class Tested(Struct, frozen=True):
    """One thing that was run: `what` of ours or theirs, and `against` what."""

    what: str
    against: str


class Limit(Struct, frozen=True):
    """A limit of the provider's that no schema can say, such as the size of a file, in one phrase."""

    what: str
    limit: str


class Description(Struct, frozen=True):
    """One wire format for its page. Texts are Markdown, each one sentence or two.

    `title` is what people call it, `summary` who speaks it. `home` is the provider's own page, None for a
    format without one.

    `service` is the word that `retirements.json` and `prices.json` have for the provider itself, and `hosts`
    are its API's hosts (globs, lower case). Its dates concern a provider of ftops.yaml at one of these hosts
    alone: a server that somebody else runs is not closed by them. `regions` are those of hosts that tell
    (globs again): a price may be for one region alone.

    `mark` says how a job is marked and `at_most_one` how sure it is that a create whose reply was lost makes
    no second job: what comes back, what is compared, what is held for a person.

    `statuses` are the format's words for a job's status. `since` is the version of ftops that first spoke it.
    """

    title: str
    summary: str
    mark: str
    at_most_one: str
    since: str | None = None
    home: str | None = None
    service: str | None = None
    hosts: Sequence[str] = ()
    regions: Mapping[str, str] = field(default_factory=dict)
    documents: Sequence[Document] = ()
    tested: Sequence[Tested] = ()
    limits: Sequence[Limit] = ()
    statuses: Mapping[str, JobStatus] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def at(self, url: str) -> bool:
        """Return whether an address is one of the provider's own."""
        return any(fnmatchcase(_host(url), pattern) for pattern in self.hosts)

    def region(self, url: str) -> str | None:
        """Return where an address is, None where it does not tell."""
        found = (name for pattern, name in self.regions.items() if fnmatchcase(_host(url), pattern))
        return next(found, None)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


@runtime_checkable
class Described(Protocol):
    """A dialect that describes itself; one of a third party may leave it."""

    @property
    def description(self) -> Description:
        """What people should know of it."""


@runtime_checkable
class JudgesFailures(Protocol):
    """A dialect with a table of its own for failed jobs."""

    @property
    def failure_classes(self) -> FailureClasses:
        """Whose fault a failed job is, by its code and message."""


def description_of(dialect: object) -> Description | None:
    """Return how a dialect describes itself."""
    return dialect.description if isinstance(dialect, Described) else None
