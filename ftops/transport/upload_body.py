"""The body of an upload: a file that is hashed while it is sent, and that notices when it shrinks.

As a form with fields before it, bare, whole or in parts, or as the only member of an archive.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import IO, Any

from requests_toolbelt.multipart.encoder import MultipartEncoder

from ftops.transport.archive import Archived
from ftops.transport.exchange import Digest, FileBody, FileBytes, FilePackage
from ftops.transport.meter import sent


class FileShrank(Exception):
    """The file ended before its length at the start; going on would make the encoder wait for ever.

    Not an OSError on purpose: the HTTP library would take that for a broken connection.
    """


def encoded_form(fields: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """Return a form without a file, and its header."""
    form = MultipartEncoder(fields)
    return form.to_string(), {"Content-Type": str(form.content_type)}


class HashedFile:
    """A file that knows the digest of what was read from it; `len` is what is left, as the encoder wants.

    A file that grows is read up to the length that it had at the start. `before` is the digest to go on from.
    """

    def __init__(self, handle: IO[bytes], size: int, before: Digest | None = None) -> None:
        self._handle = handle
        self._left = size
        self.digest: Digest = hashlib.sha256() if before is None else before.copy()

    @property
    def len(self) -> int:
        """Return the bytes that are still to be read."""
        return self._left

    def read(self, size: int = -1) -> bytes:
        """Read on. Raises FileShrank when bytes are missing."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._handle.read(wanted)
        if wanted and not data:
            raise FileShrank
        self.digest.update(data)
        self._left -= len(data)
        sent(len(data))
        return data


class CheckedFile(HashedFile):
    """A file that only ends where its bytes were the planned ones; raises FileShrank otherwise.

    What is sent of it is then cut before its end: nobody can keep it under a name that is the digest's.
    """

    def __init__(self, handle: IO[bytes], length: int, sha256: str) -> None:
        super().__init__(handle, length)
        self._sha256 = sha256

    def read(self, size: int = -1) -> bytes:
        """Read on. Raises FileShrank at the end of another file than was planned."""
        data = super().read(size)
        if not data and size and self.digest.hexdigest() != self._sha256:
            raise FileShrank
        return data


class Upload:
    """What is sent of a file. `size` is that of the file's bytes."""

    def __init__(
        self, handle: IO[bytes], file: FileBody | FileBytes | FilePackage, extras: Mapping[str, str]
    ) -> None:
        self._file = file
        total = os.fstat(handle.fileno()).st_size
        if isinstance(file, FileBytes):
            handle.seek(file.offset)
            length = total - file.offset if file.length is None else file.length
            self._hashed = HashedFile(handle, max(0, length), file.before)
            self.headers = {"Content-Length": str(self._hashed.len)}
            self.body: Any = self._hashed
        elif isinstance(file, FilePackage):
            self._hashed = CheckedFile(handle, total, file.sha256)
            self.body = Archived(self._hashed, file.name, total)
            self.headers = {"Content-Type": "application/zip", "Content-Length": str(self.body.len)}
        else:
            self._hashed = HashedFile(handle, total)
            content = (file.filename, self._hashed, "application/jsonl")
            self.body = MultipartEncoder({**extras, **file.fields, file.part: content})
            self.headers = {"Content-Type": str(self.body.content_type)}
        self.size = total if isinstance(file, FilePackage) else self._hashed.len

    @property
    def digest(self) -> Digest:
        """Return the digest of the file's bytes that were sent so far."""
        return self._hashed.digest

    @property
    def changed(self) -> bool:
        """Return whether the file, now that all of it was sent, is another than was planned."""
        whole = not isinstance(self._file, FileBytes) or self._file.last
        return whole and self.digest.hexdigest() != self._file.sha256
