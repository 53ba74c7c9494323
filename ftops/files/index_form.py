"""The index as a file: a checksum, and what is known in two parts.

The first is all that a run needs in which nothing has changed; the details are decoded only by another one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from msgspec import Struct

from ftops.files.cache_folder import sealed, unsealed
from ftops.files.places import FileStamp, Start
from ftops.model.data_check import FileCheck
from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.policy import PolicyRule, Waiver

FORMAT_VERSION = 4


class KnownManifest(Struct, frozen=True, gc=False):
    """A manifest in which nothing was wrong. `files` pairs data paths as written with where they lead."""

    stamp: FileStamp
    fine_tunes: tuple[FineTune, ...]
    files: tuple[tuple[str, str], ...]
    rules: tuple[PolicyRule, ...] = ()
    waivers: tuple[Waiver, ...] = ()


class KnownData(Struct, frozen=True, gc=False):
    """A data file that was read to its end. `uses` says how it is used: by that, and by it, it was judged."""

    stamp: FileStamp
    uses: str
    dataset: Dataset
    check: FileCheck


class KnownFingerprint(Struct, frozen=True, gc=False):
    """A fingerprint, and what beside its manifest it was made from."""

    basis: str
    fingerprint: str


class Known(Struct):
    """What a run knows: manifests and data by path, fingerprints by name."""

    manifests: dict[str, KnownManifest] = {}
    data: dict[str, KnownData] = {}
    fingerprints: dict[str, KnownFingerprint] = {}


class Kept(Struct):
    """What is kept of what a run knew. With `starts` it is all of a sound project, and each file is in it.

    `stamps` are those of the manifests, `fine_tunes` are in the order of their names.
    """

    key: str
    stamps: dict[str, FileStamp] = {}
    fine_tunes: tuple[FineTune, ...] = ()
    data: dict[str, KnownData] = {}
    fingerprints: dict[str, str] = {}
    starts: frozenset[Start] | None = None
    rules: tuple[PolicyRule, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    details: msgspec.Raw = msgspec.Raw()

    def known(self) -> Known:
        """Return all of it. Raises MsgspecError for damage that the checksum does not show: a forgery."""
        if not self.stamps and not self.data:
            return Known()
        details = msgspec.msgpack.decode(self.details, type=_Details)
        declared, rules, waivers = map(_by_file, (self.fine_tunes, self.rules, self.waivers))
        manifests = {
            path: KnownManifest(
                stamp,
                declared.get(path, ()),
                details.files.get(path, ()),
                rules.get(path, ()),
                waivers.get(path, ()),
            )
            for path, stamp in self.stamps.items()
        }
        fingerprints = {
            name: KnownFingerprint(details.bases[name], fingerprint)
            for name, fingerprint in self.fingerprints.items()
            if name in details.bases
        }
        return Known(manifests, self.data, fingerprints)


def _by_file(declared: tuple[Any, ...]) -> dict[str, tuple[Any, ...]]:
    """Group what is declared by the file that it is in."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for one in declared:
        found[one.source.file].append(one)
    return {path: tuple(group) for path, group in found.items()}


class _Details(Struct):
    files: dict[str, tuple[tuple[str, str], ...]]
    bases: dict[str, str]


def encode(key: str, known: Known, starts: frozenset[Start] | None) -> bytes:
    """Write an index."""
    files = {path: one.files for path, one in known.manifests.items()}
    bases = {name: one.basis for name, one in known.fingerprints.items()}
    fine_tunes = [one for manifest in known.manifests.values() for one in manifest.fine_tunes]
    kept = Kept(
        key,
        {path: one.stamp for path, one in known.manifests.items()},
        tuple(sorted(fine_tunes, key=lambda one: one.name)),
        known.data,
        {name: one.fingerprint for name, one in known.fingerprints.items()},
        starts,
        tuple(one for manifest in known.manifests.values() for one in manifest.rules),
        tuple(one for manifest in known.manifests.values() for one in manifest.waivers),
        msgspec.Raw(msgspec.msgpack.encode(_Details(files, bases))),
    )
    return sealed(msgspec.msgpack.encode(kept))


def decode(data: bytes, key: str) -> Kept:
    """Read an index. Nothing is kept in one of another key, or in a damaged one."""
    content = unsealed(data)
    if content is None:
        return Kept(key)
    try:
        kept = msgspec.msgpack.decode(content, type=Kept)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Kept(key)
    return kept if kept.key == key else Kept(key)
