"""The body of an upload: a file that is hashed while it is sent, and that notices when it shrinks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import IO

from requests_toolbelt.multipart.encoder import MultipartEncoder


class FileShrank(Exception):
    """The file ended before its length at the start; going on would make the encoder wait for ever.

    Not an OSError on purpose: the HTTP library would take that for a broken connection.
    """


class HashedFile:
    """A file that knows the digest of what was read from it; `len` is what is left, as the encoder wants.

    A file that grows is read up to the length that it had at the start.
    """

    def __init__(self, handle: IO[bytes], size: int) -> None:
        self._handle = handle
        self._left = size
        self._digest = hashlib.sha256()

    @property
    def len(self) -> int:
        """Return the bytes that are still to be read."""
        return self._left

    @property
    def sha256(self) -> str:
        """Return the hex digest of the bytes read so far."""
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """Read on. Raises FileShrank when bytes are missing."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._handle.read(wanted)
        if wanted and not data:
            raise FileShrank
        self._digest.update(data)
        self._left -= len(data)
        return data


class Form:
    """Form fields with a file behind them, streamed; `digest` is of what was sent of the file."""

    def __init__(self, handle: IO[bytes], filename: str, fields: Mapping[str, str]) -> None:
        self._file = HashedFile(handle, os.fstat(handle.fileno()).st_size)
        self.size = self._file.len
        content = (filename, self._file, "application/jsonl")
        self.body = MultipartEncoder({**fields, "file": content})

    @property
    def content_type(self) -> str:
        """Return the header's value, which has the parts' boundary."""
        return str(self.body.content_type)

    @property
    def sha256(self) -> str:
        """Return the hex digest of the file's bytes that were sent so far."""
        return self._file.sha256
