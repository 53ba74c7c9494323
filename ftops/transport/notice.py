"""A message to somebody else's server, or to a command: sent once, bounded, its address never shown."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct, field

from ftops.errors import Refused
from ftops.files.ci import in_ci
from ftops.transport.deadline import ending_by
from ftops.transport.error_words import one_line, said
from ftops.transport.hosts import Destination, Origin, origin_of, refuse_stranger
from ftops.transport.reply_body import BadBody
from ftops.transport.secret import Secret, blanked, blanked_bytes
from ftops.transport.wire import Broken, NotReached, Outgoing, Wire

SILENCE_SECONDS = 10.0
WHOLE_SECONDS = 20.0
"""How long a receiver may be silent, and how long a message may take in all: a round waits for it."""

COMMAND_SECONDS = 30.0
SLACK = Origin("https", "hooks.slack.com", 443)
SIGNATURE = "X-Ftops-Signature-256"
DELIVERY = "X-Ftops-Delivery"

_KEPT = frozenset(
    ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "CI")
)
"""Variables that a command gets, with those of LC_*: nothing in which a credential may be."""


class NotDelivered(Exception):
    """A message that nobody is known to have taken; its words hold neither an address nor a secret."""


class Post(Struct, frozen=True):
    """A message for a server. `shown` is its host where that may be shown, `where` the field of its address.

    `reference` is set where the address came from one. `secret` signs the body. `own` are servers that are
    right by themselves.
    """

    url: str
    where: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None
    secret: Secret | None = None
    own: tuple[Origin, ...] = ()

    @property
    def shown(self) -> str:
        """Return what may be shown of where it goes."""
        found = origin_of(self.url)
        return found.host if found and self.reference is None else f"the host of {self.where}"

    @property
    def secrets(self) -> frozenset[Secret]:
        """Return what no words of the receiver may repeat."""
        parts = urlsplit(self.url)
        hidden = {self.url, parts.path, parts.query} if self.reference is not None else {parts.query}
        own = {self.secret} if self.secret else set()
        return frozenset({*(Secret(one, self.where) for one in hidden if one not in ("", "/")), *own})


def signature(secret: Secret, body: bytes) -> str:
    """Return what the receiver compares with its own HMAC of the body."""
    return "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()


def post(message: Post, environ: Mapping[str, str]) -> None:
    """Send a message once; a 2xx is success. No redirect is followed.

    Raises NotDelivered, and Refused where, in CI, a pull request could have chosen the server.
    """
    origin = origin_of(message.url)
    if origin is None or origin.scheme not in ("http", "https"):
        raise NotDelivered(f"{message.where} is not a plain http(s) address")
    refuse_stranger(
        Destination(origin, "a notification", message.where, message.reference, message.own), environ
    )
    headers = {"Content-Type": "application/json", **message.headers}
    if message.secret is not None:
        headers[SIGNATURE] = signature(message.secret, message.body)
    outgoing = Outgoing("POST", message.url, message.shown, "(a webhook)", headers=headers, body=message.body)
    wire = Wire(environ, timeout=SILENCE_SECONDS)
    try:
        with ending_by(time.monotonic() + WHOLE_SECONDS):
            reply = wire.ask(outgoing)
            start = reply.start()
    except NotReached as error:
        raise NotDelivered(_blank(message, f"{message.shown} cannot be reached: {error.cause}")) from error
    except (Broken, BadBody) as error:
        cause = error.cause if isinstance(error, Broken) else str(error)
        raise NotDelivered(_blank(message, f"no complete reply from {message.shown}: {cause}")) from error
    finally:
        wire.close()
    if not reply.good:
        words = one_line(said(blanked_bytes(start, message.secrets))[1])
        moved = "; a redirect is not followed" if 300 <= reply.status < 400 else ""  # noqa: PLR2004 - HTTP's
        raise NotDelivered(_blank(message, f"{message.shown} answered {reply.status}: {words}{moved}"))


def _blank(message: Post, words: str) -> str:
    return blanked(words, message.secrets)


def run(command: tuple[str, ...], body: bytes, root: Path, environ: Mapping[str, str]) -> None:
    """Run a command with a message on its standard input; exit code 0 is success. What it says is not shown.

    Raises NotDelivered, and Refused in CI unless the environment allows commands.
    """
    if in_ci(environ) and environ.get("FTOPS_ALLOW_EXEC") != "1":
        raise Refused(
            "in CI no command of notify is run: a pull request can change it",
            hint="if that is intended, set FTOPS_ALLOW_EXEC=1 in the CI settings",
        )
    try:
        process = subprocess.Popen(  # noqa: S603 - the project's own command; no shell reads it
            command,
            cwd=root,
            env={name: value for name, value in environ.items() if name in _KEPT or name.startswith("LC_")},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds a zero byte"
        raise NotDelivered(f"the command cannot be started: {why}") from error
    try:
        process.communicate(body, timeout=COMMAND_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise NotDelivered(f"the command took longer than {COMMAND_SECONDS:g} s") from error
    finally:
        _end(process)
    if process.returncode:
        raise NotDelivered(f"the command exited with {process.returncode}; run it by hand to see why")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a command that has not been waited for yet, with everything that it started."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
