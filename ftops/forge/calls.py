"""Requests to a forge's API: one host, bounded waits, and what each answer means for what was asked.

The credential goes to the API's own host and to no other: neither a redirect nor the link to the next page
leads anywhere else.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
from msgspec import Struct

from ftops.errors import ForgeError
from ftops.forge.limits import Limited, Reply
from ftops.forge.port import Clock, Gone, Refusal, TooLong, Unsure
from ftops.forge.words import words_of
from ftops.transport.deadline import ending_by
from ftops.transport.error_words import one_line
from ftops.transport.hosts import origin_of
from ftops.transport.loose_json import read_json
from ftops.transport.reply_body import BadBody
from ftops.transport.secret import Secret, Vault, blanked_bytes
from ftops.transport.wire import Broken, NotReached, OpenReply, Outgoing, Wire

SILENCE_SECONDS = 20.0
"""How long one silence is waited for; GitHub gives up by itself after 10 s."""

LONGEST_WAIT = 300.0
"""Seconds that one run waits for limits in all: a job in CI that sleeps costs money, too."""

READ_TRIES = 3
MOST_REDIRECTS = 3
MOST_PAGES = 500
LARGEST = 64 << 20
_MOVED = frozenset({301, 302, 307, 308})
_KINDS: Mapping[int, type[Refusal]] = {404: Gone, 410: Gone, 413: TooLong}
_LINK = re.compile(r"<(?P<address>[^<>]*)>(?P<rest>[^<]*)")
_NEXT = re.compile(r"""\brel\s*=\s*"?next\b""")


class Api(Struct, frozen=True):
    """Where a forge is, and what goes with each request. `token` is the secret in `headers`.

    `hint` says what to do about a refusal, None where only the forge's words can.
    """

    name: str
    url: str
    token: Secret
    headers: Mapping[str, str]
    hint: Callable[[Reply], str | None]

    @property
    def host(self) -> str:
        """Return its host, for messages."""
        return urlsplit(self.url).hostname or ""


class Calls:
    """Asks one API. `limited` says how long it asks to stay away."""

    def __init__(self, api: Api, limited: Limited, environ: Mapping[str, str], clock: Clock) -> None:
        self.api = api
        self._limited = limited
        self._clock = clock
        self._left = LONGEST_WAIT
        self._secrets = Vault()
        self._secrets.add(api.token)
        self._wire = Wire(environ, timeout=SILENCE_SECONDS, headers=api.headers)

    def read(self, doing: str, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Return the JSON that a path answers with."""
        return self._json(doing, "GET", self._got(doing, self.api.url + path, query or {}))

    def pages(self, doing: str, path: str, query: Mapping[str, str]) -> Iterator[Any]:
        """Yield the JSON of each page, following `Link` to the last: how full a page is says nothing."""
        url, asked, seen = self.api.url + path, query, set[str]()
        for _ in range(MOST_PAGES):
            reply = self._got(doing, url, asked)
            yield self._json(doing, "GET", reply)
            seen.add(url)
            following = next_page(reply.headers.get("link", ""))
            if following is None:
                return
            url, asked = self._here(doing, url, following), {}
            if url in seen:
                break
        raise ForgeError(f"{self._cannot(doing)}: the pages of its list do not end")

    def write(self, doing: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a write once, and again only where it certainly was not done: limited, or moved.

        `path` may be a whole address at the API's own host.
        """
        content = None if body is None else orjson.dumps(body)
        url = self._here(doing, self.api.url, path if path.startswith("http") else self.api.url + path)
        reply = self._allowed(doing, method, url, {}, content)
        if not reply.good:
            raise self._refused(doing, method, reply)
        return None if method == "DELETE" else self._json(doing, method, reply)

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _got(self, doing: str, url: str, query: Mapping[str, str]) -> Reply:
        for tried in range(1, READ_TRIES + 1):
            try:
                reply = self._allowed(doing, "GET", url, query, None)
                if reply.good:
                    return reply
                raise self._refused(doing, "GET", reply)
            except Unsure as error:
                if tried == READ_TRIES:
                    raise ForgeError(error.message, hint=error.hint) from error
            self._clock.sleep(float(tried))
        raise AssertionError

    def _allowed(
        self, doing: str, method: str, url: str, query: Mapping[str, str], content: bytes | None
    ) -> Reply:
        """Ask, and ask again after each limit, as long as there is patience for it."""
        before = 0
        while True:
            reply = self._settled(doing, method, url, query, content)
            asked = self._limited(reply, self._clock.now(), before)
            if asked is None:
                return reply
            # A forge that limits and asks for no wait would be asked for ever.
            wait = max(asked, 2.0**before)
            if wait > self._left:
                asks = asked > self._left
                often = f"asks to wait {asked:.0f} s" if asks else f"did so {before + 1} times in a row"
                raise ForgeError(
                    f"{self._cannot(doing)}: it limits requests and {often}: {self._words(reply)}",
                    hint="run it again later; nothing was done",
                )
            self._left -= wait
            self._clock.sleep(wait)
            before += 1

    def _settled(
        self, doing: str, method: str, url: str, query: Mapping[str, str], content: bytes | None
    ) -> Reply:
        """Ask where the API says that it is: a renamed repository redirects, writes too."""
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._once(doing, method, url, query, content)
            if reply.status not in _MOVED:
                return reply
            url, query = self._here(doing, url, reply.headers.get("location", "")), {}
        raise ForgeError(f"{self._cannot(doing)}: it redirects again and again")

    def _here(self, doing: str, base: str, named: str) -> str:
        """Return an address that the API named, if it is at the API's own host."""
        try:
            url = urljoin(base, named)
        except ValueError:
            url = ""
        found = origin_of(url)
        if found is None or found != origin_of(self.api.url):
            where = found.host if found else "something that is not an address"
            raise ForgeError(
                f"{self._cannot(doing)}: {self.api.host} points to {where}; nothing was sent there",
                hint="check the address of the API: a token goes to its own host only",
            )
        return url

    def _once(
        self, doing: str, method: str, url: str, query: Mapping[str, str], content: bytes | None
    ) -> Reply:
        told = {} if content is None else {"Content-Type": "application/json"}
        outgoing = Outgoing(method, url, self.api.host, urlsplit(url).path, query, told, content)
        try:
            with ending_by(time.monotonic() + 2 * SILENCE_SECONDS):
                return self._read(self._wire.ask(outgoing))
        except NotReached as error:
            raise ForgeError(
                f"{self._cannot(doing)}: {self.api.host} cannot be reached{error.through}: {error.cause}",
                hint="check the address and the network; nothing was sent",
            ) from error
        except Broken as error:
            message = f"{self._cannot(doing)}: no complete reply from {self.api.host}: {error.cause}"
            raise Unsure(message, hint="run it again") from error
        except BadBody as error:
            raise Unsure(f"{self._cannot(doing)}: its reply cannot be read: {error}") from error

    def _read(self, answer: OpenReply) -> Reply:
        headers = {name.lower(): self._secrets.blank(value) for name, value in answer.headers.items()}
        body = answer.whole(LARGEST, SILENCE_SECONDS)
        return Reply(answer.status, headers, blanked_bytes(body, {self.api.token}))

    def _json(self, doing: str, method: str, reply: Reply) -> Any:
        try:
            return read_json(reply.body)
        except ValueError as error:
            message = f"{self._cannot(doing)}: {self.api.host} answered {reply.status} with no JSON"
            raise (ForgeError if method == "GET" else Unsure)(message, hint="run it again") from error

    def _refused(self, doing: str, method: str, reply: Reply) -> ForgeError:
        """Judge a reply that is not 2xx: only the API's own JSON says certainly no."""
        message = f"{self._cannot(doing)}: it answered {reply.status}: {self._words(reply)}"
        passing = reply.status == 408 or not 400 <= reply.status < 500  # noqa: PLR2004 - HTTP's numbers
        if passing or not _is_object(reply.body):
            return Unsure(message, hint="run it again")
        kind = _KINDS.get(reply.status, Refusal)
        if b"too long" in reply.body:
            kind = TooLong
        return kind(message, status=reply.status, hint=self.api.hint(reply))

    def _cannot(self, doing: str) -> str:
        return f"{self.api.name}: cannot {doing}"

    def _words(self, reply: Reply) -> str:
        # Once more, for what JSON and HTML spell otherwise than any form of a secret does.
        return one_line(self._secrets.blank(words_of(reply.body)))


def next_page(link: str) -> str | None:
    """Return the address of the next page in a `Link` header, None where there is none."""
    found = (one for one in _LINK.finditer(link) if _NEXT.search(one["rest"]))
    return next((one["address"] for one in found), None)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(read_json(body), dict)
    except ValueError:
        return False
