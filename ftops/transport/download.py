"""Files from the web: over https, without a credential that somebody else's host could get.

A pull request can change an address, so in CI nothing is read from a private network unless the environment
names the host; what only this machine can reach is never read. Redirects are followed, a few of them, to
https alone, and each is judged as the address was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urljoin, urlsplit

from ftops.errors import FtopsError, Refused
from ftops.files.ci import in_ci
from ftops.transport.addresses import from_here_alone, is_private
from ftops.transport.connections import UNADMITTED
from ftops.transport.hosts import ALLOWED_HOSTS, allowed_by, origin_of
from ftops.transport.incoming import Body, Gone, Unfinished
from ftops.transport.outgoing import Outgoing
from ftops.transport.reply_body import BadBody
from ftops.transport.wire import OpenReply, Wire
from ftops.transport.wire_errors import Broken, NotReached

MOST_REDIRECTS = 5
SILENCE_SECONDS = 30.0
HEAD_SECONDS = 60.0
"""What a body may take before the time of a slow line for what has come."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK, _PARTIAL, _UNSATISFIABLE = 200, 206, 416
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (?P<first>[0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
_SIZE = re.compile(r"[0-9]{1,18}")


class Downloads:
    """Reads files over https for one run. `named` is a host that the environment names, with http:// too."""

    def __init__(self, environ: Mapping[str, str], *, named: str | None = None) -> None:
        self._environ = environ
        self._named = named
        self._wire = Wire(environ, timeout=SILENCE_SECONDS, admits=self._admits)

    def read(self, url: str, start: int, headers: Mapping[str, str] | None = None) -> Body:
        """Ask for a file from byte `start` on. `headers` go to the host of `url` and to no other.

        Raises Refused for an address that is not read, Gone, Unfinished, and FtopsError.
        """
        wanted = {"Accept-Encoding": "identity", **({"Range": f"bytes={start}-"} if start else {})}
        asked, told = url, dict[str, str]()
        for hop in range(MOST_REDIRECTS + 1):
            self._judge(asked, url)
            same_host = urlsplit(asked)[:2] == urlsplit(url)[:2]
            reply = self._ask(asked, {**wanted, **(headers or {} if same_host else {})}, shown=hop == 0)
            told = told or _lower(reply.headers)
            if reply.status not in _REDIRECTS or "location" not in _lower(reply.headers):
                return self._body((url, headers), reply, start, told)
            reply.start()
            asked = _led(asked, _lower(reply.headers)["location"])
        raise FtopsError(f"{_host(url)} redirects more than {MOST_REDIRECTS} times", hint="check the address")

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _ask(self, url: str, headers: Mapping[str, str], *, shown: bool) -> OpenReply:
        # What a redirect leads to may be signed: it is not logged.
        path = urlsplit(url).path if shown else "(redirected)"
        try:
            return self._wire.ask(Outgoing("GET", url, _host(url), path, headers=headers))
        except NotReached as error:
            if error.cause == UNADMITTED:
                raise self._private(_host(url)) from error
            raise Unfinished(
                f"cannot reach {_host(url)}{error.through}: {error.cause}",
                hint="check the address and the network",
            ) from error
        except Broken as error:
            raise Unfinished(_broken(_host(url), late=error.late), hint="run ftops again") from error

    def _body(
        self,
        asked: tuple[str, Mapping[str, str] | None],
        reply: OpenReply,
        start: int,
        told: Mapping[str, str],
    ) -> Body:
        (url, sent), headers = asked, _lower(reply.headers)
        if reply.status == _UNSATISFIABLE and start:
            reply.start()
            return self.read(url, 0, sent)
        if reply.status not in (_OK, _PARTIAL):
            reply.start()
            raise _failure(url, reply.status, told)
        found = _RANGE.fullmatch(headers.get("content-range", "")) if reply.status == _PARTIAL else None
        first = int(found["first"]) if found else 0
        if reply.status == _PARTIAL and (found is None or first not in (0, start)):
            reply.start()
            raise FtopsError(
                f"{_host(url)} sent a different part of the file than requested", hint="run ftops again"
            )
        packed = headers.get("content-encoding", "identity").lower() not in ("", "identity")
        size = None if packed else headers.get("content-length", "")
        total = first + int(size) if size and _SIZE.fullmatch(size) else None
        return Body(first, total, self._pieces(url, reply), not packed, told, reply.close)

    def _pieces(self, url: str, reply: OpenReply) -> Iterator[bytes]:
        try:
            yield from reply.pieces(HEAD_SECONDS)
        except Broken as error:
            raise Unfinished(_broken(_host(url), late=error.late), hint="run ftops again") from error
        except BadBody as error:
            raise Unfinished(
                f"the reply of {_host(url)} cannot be read: {error}", hint="run ftops again"
            ) from error

    def _judge(self, url: str, asked: str) -> None:
        """Refuse an address that is not read. `asked` is the one of the manifest; others are redirects."""
        origin = origin_of(url)
        redirected = url != asked
        plain = origin is not None and origin.host == self._named and asked.startswith("http://")
        if origin is None or not (origin.scheme == "https" or plain):
            what = f"{_host(asked)} redirects to" if redirected else "it is"
            raise Refused(f"{what} an address that is not https", hint="use https")
        if from_here_alone(origin.host):
            raise Refused(f"{origin.host} can be reached only from this machine", hint="name another host")
        private = is_private(origin.host) and origin.host != self._named
        if private and not allowed_by(origin.host, self._environ) and in_ci(self._environ):
            raise self._private(origin.host)
        if redirected and private and not is_private(_host(asked)):
            raise Refused(f"{_host(asked)} redirects into a private network", hint="name the host itself")

    def _admits(self, host: str, address: str) -> bool:
        if from_here_alone(address):
            return False
        named = host.lower() == self._named or allowed_by(host, self._environ)
        return named or not is_private(address) or not in_ci(self._environ)

    def _private(self, host: str) -> Refused:
        return Refused(
            f"in CI nothing is read from {host}, which is in a private network: a pull request could name it",
            hint=f"if that is intended, set {ALLOWED_HOSTS}={host} in the CI settings",
        )


def _failure(url: str, status: int, told: Mapping[str, str]) -> FtopsError:
    host = _host(url)
    if status in _PASSING:
        return Unfinished(f"{host} answered with {status}", hint="run ftops again")
    if status in (401, 403):
        why = f"{host} refuses access ({status}), and ftops sends no credentials to a URL in a manifest"
        hint = "make it public, or put it into a bucket (s3://, gs://, az://)"
        return Gone(why, hint=hint, status=status, headers=told)
    if status in (404, 410):
        why = f"it does not exist: {host} answered with {status}"
        return Gone(why, hint="correct the URL; moved data keeps its pin", status=status, headers=told)
    return Gone(f"{host} answered with {status}", hint="check the address", status=status, headers=told)


def _led(asked: str, location: str) -> str:
    """Return where a redirect leads; what is no address is returned as it is, and refused like any other."""
    try:
        return urljoin(asked, location)
    except ValueError:
        return location


def _broken(host: str, *, late: bool) -> str:
    return f"{host} did not send it in time" if late else f"the connection to {host} broke"


def _host(url: str) -> str:
    origin = origin_of(url)
    return origin.host if origin else "the host"


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
