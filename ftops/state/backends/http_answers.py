"""What a server's answers mean for a state; how they are asked for is the transport's business."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from msgspec import Struct

from ftops.errors import StateError, StateUncertain
from ftops.transport.account import Account
from ftops.transport.deadline import ending_by
from ftops.transport.digest import HEADER, content_md5
from ftops.transport.error_words import one_line, said
from ftops.transport.reply_body import SLOWEST, BadBody, TooLarge
from ftops.transport.secret import blanked
from ftops.transport.wire import Broken, NotReached, Outgoing, Wire

SILENCE_SECONDS = 20.0
"""How long one silence of the server is waited for."""

SILENCES = 2.0
"""Times that long, a request may take until its reply begins, and its reply until it is there; a large one
takes longer."""

MOST_WORDS = 1 << 20
"""Bytes of a reply that is no state."""

_MOVED = frozenset({301, 302, 303, 307, 308})


class Reply(Struct, frozen=True):
    """What a server answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Return whether it was done."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the 2xx of HTTP

    @property
    def doubtful(self) -> bool:
        """Return whether it may have been done in spite of the answer."""
        passing = self.status == 408 or self.status >= 500  # noqa: PLR2004 - the numbers of HTTP
        return self.status // 100 == 3 or (passing and self.status != 501)  # noqa: PLR2004 - "cannot"

    @property
    def members(self) -> Mapping[str, Any]:
        """Return the JSON object in the body; an empty one for anything else."""
        try:
            told = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return told if isinstance(told, dict) else {}


class StateServer:
    """Asks one server for one state, with one account or none. Safe to use from several threads.

    `location` names the state in errors. `hidden` names the server where its address came from a reference.
    """

    def __init__(
        self,
        location: str,
        account: Account | None,
        environ: Mapping[str, str],
        *,
        hidden: str | None = None,
        seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._location = location
        self._account = account
        self._hidden = hidden
        self._seconds = seconds
        # Packed bodies have another digest.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if account is not None:
            headers["Authorization"] = account.header
        self._wire = Wire(environ, timeout=seconds, headers=headers)

    def send(
        self, method: str, url: str, *, doing: str, body: bytes | None = None, most: int = MOST_WORDS
    ) -> Reply:
        """Send once and return whatever is answered, up to `most` bytes of it.

        Raises StateError when the request certainly never arrived, and StateUncertain when it may have.
        """
        outgoing = self._outgoing(method, url, body)
        cannot = f"cannot {doing} the state {self._location}"
        patience = SILENCES * self._seconds
        try:
            with ending_by(time.monotonic() + patience + len(body or b"") / SLOWEST):
                answer = self._wire.ask(outgoing)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            reply = Reply(answer.status, headers, answer.whole(most, patience))
        except NotReached as error:
            raise StateError(
                f"{cannot}: {outgoing.host} cannot be reached{error.through}: {error.cause}",
                hint="check the address and the network; nothing was sent",
            ) from error
        except Broken as error:
            raise StateUncertain(
                f"{cannot}: no complete reply from {outgoing.host}{error.through}: {error.cause}",
                hint="run ftops again once the server is healthy",
            ) from error
        except BadBody as error:
            fault = f"answered with more than {most} bytes" if isinstance(error, TooLarge) else ""
            raise StateUncertain(
                f"{cannot}: {outgoing.host} {fault or f'answered with something unreadable: {error}'}",
                hint="check what is at this address",
            ) from error
        return self._at_home(reply, outgoing.host, doing)

    def refused(self, doing: str, reply: Reply) -> StateError:
        """Make the error for an answer that is none of those hoped for."""
        words = f"cannot {doing} the state {self._location}: the server answered {reply.status}"
        hint = _HINTS.get(reply.status, "check the server's log; if it says nothing, run ftops again")
        kind = StateUncertain if reply.doubtful else StateError
        return kind(f"{words}{self._said(reply)}", hint=hint)

    def _outgoing(self, method: str, url: str, body: bytes | None) -> Outgoing:
        parts = urlsplit(url)
        told = {} if body is None else {"Content-Type": "application/json", HEADER: content_md5(body)}
        path = "(hidden)" if self._hidden else parts.path
        return Outgoing(method, url, self._hidden or parts.hostname or "", path, headers=told, body=body)

    def _at_home(self, reply: Reply, host: str, doing: str) -> Reply:
        if reply.status not in _MOVED:
            return reply
        try:
            where = urlsplit(reply.headers.get("location", "")).hostname or host
        except ValueError:
            where = "something that is not an address"
        raise StateUncertain(
            f"cannot {doing} the state {self._location}: {host} redirects to {where}",
            hint="nothing was sent there; if the state was moved on purpose, set its new address",
        )

    def _said(self, reply: Reply) -> str:
        if not reply.body:
            return ""
        _, words = said(reply.body)
        return f": {one_line(blanked(words, self._account.secrets if self._account else ()))}"


_HINTS: Mapping[int, str] = {
    401: "set TF_HTTP_USERNAME and TF_HTTP_PASSWORD to an account that may use this state",
    403: "the account may not do this; GitLab lets a Developer read, and a Maintainer lock and write",
    404: "check the address; GitLab also says so of a project that the account may not see",
    413: "the state is larger than the server accepts; in GitLab: Admin > Settings > Preferences > "
    "Terraform limits",
    429: "the server is busy; run ftops again later",
}
