"""Packages: archives in the head's memory, which a job's nodes unpack. Their names are the client's."""

import hashlib
import re
import tempfile
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from ftops.emulator.context import Emulator
from ftops.emulator.wires.ray.words import LARGEST_BODY, too_large
from ftops.emulator.world import datasets
from ftops.emulator.world.dataset_messages import BadDataset
from ftops.emulator.world.identifiers import derived_id
from ftops.emulator.world.training import Dataset

PREFIX = "raypackage-"
PIECE = 2**20
LARGEST_DOCUMENT = 2**20
_URI = re.compile(r"gcs://(?P<name>[^/]+\.zip)")


class Packages:
    """The packages that the head holds."""

    def __init__(self, emulator: Emulator) -> None:
        self._folder = emulator.settings.files

    def take(self, name: str, content: IO[bytes]) -> None:
        """Keep a package. Raises Refusal for one that is too large, after its last byte."""
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".upload-", delete=False) as kept:
            received = Path(kept.name)
            try:
                self._receive(content, kept)
            except BaseException:
                received.unlink()
                raise
        received.replace(self._place(name))

    @staticmethod
    def _receive(content: IO[bytes], kept: IO[bytes]) -> None:
        size = 0
        while piece := content.read(PIECE):
            size += len(piece)
            if size <= LARGEST_BODY:
                kept.write(piece)
        if size > LARGEST_BODY:
            raise too_large()

    def find(self, name: str) -> Path | None:
        """Return where a package is; a link that a stranger put there is none."""
        place = self._place(name)
        return place if place.is_file() and not place.is_symlink() else None

    def of_uri(self, uri: object) -> Path | None:
        """Return the package that `gcs://NAME` means, where it is there."""
        name = name_of(uri)
        return None if name is None else self.find(name)

    def forget(self, name: str) -> None:
        """Drop a package."""
        self._place(name).unlink(missing_ok=True)

    def forget_all(self) -> None:
        """Lose the head's memory."""
        for place in self._folder.glob(f"{PREFIX}*"):
            place.unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        return self._folder / derived_id(PREFIX, name)


def name_of(uri: object) -> str | None:
    """Return the name of the package that a URI means."""
    found = _URI.fullmatch(uri) if isinstance(uri, str) else None
    return None if found is None else found["name"]


def named_in(body: Mapping[str, Any]) -> list[str]:
    """Return the packages that a job names, by their URIs."""
    environment = body.get("runtime_env") or {}
    modules = environment.get("py_modules")
    uris = [environment.get("working_dir"), *(modules if isinstance(modules, list) else [])]
    return [uri for uri in uris if isinstance(uri, str) and uri.startswith("gcs://")]


def read_entry(package: Path, name: str) -> bytes | None:
    """Return a small file of a package, None where it has none of that name."""
    try:
        with zipfile.ZipFile(package) as archive, archive.open(name) as entry:
            return entry.read(LARGEST_DOCUMENT)
    except (KeyError, zipfile.BadZipFile):
        return None


def is_archive(package: Path) -> bool:
    """Say whether nodes could unpack it."""
    return zipfile.is_zipfile(package)


def has_entry(package: Path, name: str) -> bool:
    """Say whether a package has a file of this name."""
    try:
        with zipfile.ZipFile(package) as archive:
            return name in archive.namelist()
    except zipfile.BadZipFile:
        return False


def inspect_entry(package: Path, name: str, method: str) -> tuple[str, Dataset | str]:
    """Return the digest of a data file in a package, and what is in it, or what is wrong with it."""
    status = package.stat()
    return _inspect_entry(package, (status.st_mtime_ns, status.st_size), name, method)


@lru_cache(maxsize=1024)
def _inspect_entry(
    package: Path, version: tuple[int, int], name: str, method: str
) -> tuple[str, Dataset | str]:
    """`version` tells apart the contents that a package has had."""
    del version
    with tempfile.NamedTemporaryFile(dir=package.parent, prefix=".data-") as kept:
        with zipfile.ZipFile(package) as archive, archive.open(name) as entry:
            while piece := entry.read(PIECE):
                kept.write(piece)
        kept.flush()
        return inspect_data(Path(kept.name), method)


def inspect_data(path: Path, method: str) -> tuple[str, Dataset | str]:
    """Return the digest of a data file, and what is in it, or what is wrong with it."""
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0)
        first = content.readline(PIECE)
    expected = datasets.Format.COMPLETION if b'"prompt"' in first else datasets.Format.CHAT
    if method == "dpo":
        expected = datasets.Format.PREFERENCE
    try:
        return digest, datasets.inspect(path, expected, 1)
    except BadDataset as problem:
        return digest, str(problem)
