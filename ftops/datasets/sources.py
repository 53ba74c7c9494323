"""Where pinned data comes from, one class for each kind of place: the web, buckets, and datasets of a hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol
from urllib.parse import quote, urlsplit

from ftops.errors import FtopsError
from ftops.files.ci import in_ci
from ftops.model.remote import Remote
from ftops.transport.download import Downloads
from ftops.transport.hosts import ALLOWED_HOSTS, LOOPBACK, allowed_by, origin_of
from ftops.transport.incoming import Body, Gone
from ftops.transport.secret import Secret, Vault

HUB = "https://huggingface.co"
HUB_ADDRESS = "HF_ENDPOINT"
HUB_TOKEN = "HF_TOKEN"  # noqa: S105 - the name of a variable
"""Both as the hub's own library reads them."""

_DATASET = re.compile(r"hf://datasets/(?P<name>[^@]+)@(?P<commit>[0-9a-f]{40})/(?P<file>.+)")
_SHA256 = re.compile(r'"?([0-9a-f]{64})"?')
_SHOWN_DIGITS = 12


class Source(Protocol):
    """A kind of place."""

    def read(self, remote: Remote, start: int) -> Body:
        """Ask for the bytes from `start` on. Raises Unfinished where a second try may do, and FtopsError."""

    def told_digest(self, body: Body) -> str | None:
        """Return the SHA-256 that the place itself says the whole file has, None where it says none."""

    def close(self) -> None:
        """Close the connections."""


class Web:
    """`https://`: no credential goes there, for a pull request can name any host."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._downloads = Downloads(environ)

    def read(self, remote: Remote, start: int) -> Body:
        """Ask for the bytes from `start` on."""
        return self._downloads.read(remote.url, start)

    def told_digest(self, body: Body) -> str | None:
        """Return nothing: the manifest has the digest."""
        return None

    def close(self) -> None:
        """Close the connections."""
        self._downloads.close()


class Objects:
    """`s3://`, `gs://` and `az://`, by the extra `remote`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        try:
            from ftops.transport.buckets import Buckets
        except ImportError as missing:
            raise FtopsError(
                "s3://, gs:// and az:// need the package obstore, which is not installed",
                hint="pip install 'ftops[remote]'",
            ) from missing
        self._buckets = Buckets(environ)

    def read(self, remote: Remote, start: int) -> Body:
        """Ask for the bytes from `start` on."""
        return self._buckets.read(remote, start)

    def told_digest(self, body: Body) -> str | None:
        """Return nothing: an etag is not a digest of a known kind."""
        return None

    def close(self) -> None:
        """Nothing is kept open."""


class Hub:
    """`hf://`: a file of a dataset at a commit. The token goes to the hub alone, and to none of its stores.

    What the token may read is more than whoever opens a pull request may: in CI it is sent only for owners
    that the environment names.
    """

    def __init__(self, environ: Mapping[str, str], vault: Vault) -> None:
        self._environ = environ
        self._vault = vault
        self._base = environ.get(HUB_ADDRESS, "").rstrip("/") or HUB
        origin = origin_of(self._base)
        plain = origin is not None and origin.scheme == "http" and origin.host in LOOPBACK
        if origin is None or not (origin.scheme == "https" or plain) or "@" in self._base:
            raise FtopsError(
                f"{HUB_ADDRESS} is not the https address of a hub", hint=f"unset it, or set {HUB}"
            )
        self._downloads = Downloads(environ, named=origin.host)

    def read(self, remote: Remote, start: int) -> Body:
        """Ask for the bytes from `start` on."""
        found = _DATASET.fullmatch(remote.url)
        if found is None:
            raise FtopsError(f"{remote.url} does not name a file of a dataset at a commit", hint="correct it")
        name, commit, file = found["name"], found["commit"], found["file"]
        url = f"{self._base}/datasets/{name}/resolve/{commit}/{quote(file, safe='/%')}"
        try:
            body = self._downloads.read(url, start, self._credential(name))
        except Gone as gone:
            raise self._why(gone, name, commit, file) from gone
        at = body.told.get("x-repo-commit")
        if at is not None and at != commit:
            body.close()
            shown = f"commit {at[:_SHOWN_DIGITS]} of {name}, not with {commit[:_SHOWN_DIGITS]}"
            raise FtopsError(
                f"{urlsplit(self._base).hostname} answered with {shown}", hint="check the commit"
            )
        return body

    def told_digest(self, body: Body) -> str | None:
        """Return the digest of a file that the hub keeps in git-lfs."""
        told = _SHA256.fullmatch(body.told.get("x-linked-etag", ""))
        return told[1] if told else None

    def close(self) -> None:
        """Close the connections."""
        self._downloads.close()

    def _credential(self, name: str) -> dict[str, str]:
        token = self._environ.get(HUB_TOKEN, "").strip()
        if not token or not self._may_send(name):
            return {}
        self._vault.add(Secret(token, HUB_TOKEN))
        return {"Authorization": f"Bearer {token}"}

    def _may_send(self, name: str) -> bool:
        return not in_ci(self._environ) or allowed_by(_owner(name), self._environ)

    def _why(self, gone: Gone, name: str, commit: str, file: str) -> FtopsError:
        code = gone.headers.get("x-error-code", "")
        at = commit[:_SHOWN_DIGITS]
        if code == "EntryNotFound":
            return FtopsError(
                f"the dataset {name} has no file {file} at commit {at}", hint="see its files there"
            )
        if code == "RevisionNotFound":
            return FtopsError(f"the dataset {name} has no commit {at}", hint="see its history for the commit")
        if code == "GatedRepo":
            hint = f"accept its terms on its page; {self._token_hint(name)}"
            return FtopsError(f"the dataset {name} is gated", hint=hint)
        if code == "RepoNotFound" or gone.status in (401, 403):
            return FtopsError(f"there is no dataset {name}, or it is private", hint=self._token_hint(name))
        return gone

    def _token_hint(self, name: str) -> str:
        if self._may_send(name):
            return f"check the name; for a private one set {HUB_TOKEN} to a token that may read it"
        both = f"{HUB_TOKEN}, and {ALLOWED_HOSTS}={_owner(name)},"
        return f"check the name; for a private one set {both} in the CI settings"


def _owner(name: str) -> str:
    """Return what the environment writes to allow the token for a dataset."""
    return f"hf://datasets/{name.partition('/')[0]}"


class Sources:
    """All kinds of places for one run, each opened when it is first asked for."""

    def __init__(self, environ: Mapping[str, str], vault: Vault) -> None:
        self._environ = environ
        self._vault = vault
        self._opened: dict[str, Source] = {}

    def of(self, remote: Remote) -> Source:
        """Return where a reference is read from. Raises FtopsError where that cannot be opened."""
        kind = remote.scheme if remote.scheme in ("https", "hf") else "bucket"
        if kind not in self._opened:
            self._opened[kind] = self._open(kind)
        return self._opened[kind]

    def _open(self, kind: str) -> Source:
        if kind == "https":
            return Web(self._environ)
        return Hub(self._environ, self._vault) if kind == "hf" else Objects(self._environ)

    def close(self) -> None:
        """Close whatever was opened."""
        for source in self._opened.values():
            with suppress(OSError):
                source.close()
