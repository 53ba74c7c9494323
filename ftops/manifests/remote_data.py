"""`{url: ..., sha256: ...}` of a manifest -> a pinned reference. A pin must pin: what can move is refused.

An address that may hold a password or a signature is never repeated in a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from msgspec import Struct

from ftops.manifests.wording import short
from ftops.model.nearest import did_you_mean
from ftops.model.remote import Remote

SCHEMES = ("https", "s3", "gs", "az", "hf")
_DATASET_FORM = "hf://datasets/OWNER/NAME@COMMIT/FILE"
_FORMS = f"https://HOST/FILE, s3://BUCKET/KEY, gs://BUCKET/KEY, az://CONTAINER/KEY or {_DATASET_FORM}"

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>[^\\\x00-\x1f\x7f]*)")
_VISIBLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}/(?!/)[^?]*[^/?]")
_NAME = r"(?!\.{1,2}[/@])[A-Za-z0-9._-]+"
_DATASET = re.compile(rf"datasets/(?P<name>{_NAME}(/{_NAME})?)@(?P<revision>[^/]+)/(?P<file>[^?]*[^/?])")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SIGNED = re.compile(
    r"[?&](x-amz-(signature|credential|security-token)|x-goog-signature|signature|sig|token)=", re.IGNORECASE
)


class Unpinned(Exception):
    """What is wrong with a reference, at which of its keys, and what to do."""

    def __init__(self, key: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.key = key
        self.message = message
        self.hint = hint


class _Written(Struct, frozen=True):
    """A reference as it is written; `rest` is what follows the scheme."""

    scheme: str
    rest: str
    pins: Mapping[str, str]


def remote_of(value: Mapping[str, str]) -> Remote:
    """Return the reference that a manifest writes. Raises Unpinned."""
    url = value["url"]
    written = _written(url, {key: value[key] for key in ("sha256", "version", "etag") if key in value})
    if written.scheme == "https":
        _check_web(written)
    elif written.scheme == "hf":
        _check_dataset(written)
    else:
        _check_object(written)
    etag = written.pins.get("etag")
    return Remote(
        f"{written.scheme}://{written.rest}",
        written.pins.get("sha256"),
        written.pins.get("version"),
        etag.removeprefix("W/").strip('"') if etag is not None else None,
    )


def _written(url: str, pins: Mapping[str, str]) -> _Written:
    found = _URL.fullmatch(url)
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise Unpinned(
            "url",
            "the URL contains a user name or password, which must not be in a manifest",
            "remove it, and put the file where no credential is needed, or into a bucket (s3://, gs://, az://)",
        )
    if _SIGNED.search(url):
        raise Unpinned(
            "url",
            "the URL is signed: anyone who reads the manifest could use it, and it expires",
            "name the object itself (s3://, gs:// or az://); credentials come from the environment",
        )
    if found is None:
        shown = "the URL" if "@" in url else short(url)
        raise Unpinned("url", f"{shown} is not a supported address", f"write it as {_FORMS}")
    scheme = found["scheme"].lower()
    if scheme == "http":
        raise Unpinned("url", "http:// is not supported, because it is not encrypted", "use https://")
    if scheme not in SCHEMES:
        near = did_you_mean(scheme, SCHEMES)
        raise Unpinned("url", f"{scheme}:// is not supported", near or f"write {_FORMS}")
    if "#" in found["rest"]:
        raise Unpinned(
            "url", "the URL has a # in it", "remove the # and what follows it; write a # in a name as %23"
        )
    if {".", ".."} & set(unquote(found["rest"]).split("/")):
        raise Unpinned("url", "the path of the URL contains . or ..", "write the path without them")
    return _Written(scheme, found["rest"], pins)


def _check_web(written: _Written) -> None:
    host, _, path = written.rest.partition("/")
    if not _HOST.fullmatch(host) or not path or not _VISIBLE.fullmatch(path):
        raise Unpinned(
            "url", f"{_shown(written)} does not name a file on a host", "write it as https://HOST/FILE"
        )
    for key in ("version", "etag"):
        if key in written.pins:
            raise Unpinned(
                key,
                f"https:// is pinned by sha256, not by {key}",
                "add sha256: as `sha256sum FILE` prints it",
            )
    if "sha256" not in written.pins:
        raise Unpinned(
            "",
            "the pin is missing: the file at a URL can change, and would be trained on without review",
            "add sha256: as `sha256sum FILE` prints it",
        )


def _check_object(written: _Written) -> None:
    if not _BUCKET.fullmatch(written.rest):
        form = f"{written.scheme}://{'CONTAINER' if written.scheme == 'az' else 'BUCKET'}/KEY"
        raise Unpinned("url", f"{_shown(written)} does not name an object in a bucket", f"write it as {form}")
    if not written.pins:
        raise Unpinned(
            "",
            "the pin is missing: an object can be overwritten, and would be trained on without review",
            "add version:, etag: or sha256: of the object",
        )


def _check_dataset(written: _Written) -> None:
    for key in ("version", "etag"):
        if key in written.pins:
            raise Unpinned(key, f"hf:// is pinned by its commit, not by {key}", "remove it")
    found = _DATASET.fullmatch(written.rest)
    if found is None:
        unpinned = "@" not in written.rest and written.rest.startswith("datasets/")
        why = "has no revision" if unpinned else "does not name a file of a dataset"
        raise Unpinned("url", f"{_shown(written)} {why}", f"write it as {_DATASET_FORM}")
    if not _COMMIT.fullmatch(found["revision"]):
        raise Unpinned(
            "url",
            f"{short(found['revision'])} is not a commit: a branch or a tag can move",
            "write the 40 digits of a commit, from the dataset's history (Files, History)",
        )


def _shown(written: _Written) -> str:
    """Name the address in a message; what stands before an @ may be a password."""
    hidden = written.scheme == "https" and "@" in written.rest
    return "the URL" if hidden else short(f"{written.scheme}://{written.rest}")
