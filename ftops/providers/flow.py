"""An operation as a flow: a generator that yields requests, is sent the answers, and returns a value.

A list that pages, an upload in several requests, a cancel by DELETE and a create under an id of our own are
the same thing to the one driver, which knows credentials, deadlines, retries of reads, errors and logs. A
flow does no I/O. A request that failed is raised in it, at the yield; what it does not catch ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from msgspec import Struct

from ftops.errors import ProviderError
from ftops.transport.exchange import HttpReply, Request

_T = TypeVar("_T")


class Unreadable(ValueError):
    """A reply that is not what the wire format says; the driver turns it into a ProviderError."""


class Answer(Struct, frozen=True):
    """A 2xx reply, as a flow is sent it. `unreadable` makes the error for one that cannot be taken."""

    reply: HttpReply
    unreadable: Callable[[object], ProviderError]

    def read(self, decode: Callable[[Any], _T]) -> _T:
        """Decode the body. Raises ProviderError, ambiguous, where the decoder says Unreadable."""
        try:
            return decode(self.reply.body)
        except Unreadable as error:
            raise self.unreadable(error) from error


Flow = Generator[Request, Answer, _T]


def asked(request: Request, decode: Callable[[Any], _T]) -> Flow[_T]:
    """The flow of one request and one reply."""
    answer = yield request
    return answer.read(decode)
