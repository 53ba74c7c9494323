"""Dataset: a training or validation file by its content."""

from __future__ import annotations

import re

from msgspec import Struct

DIGEST_IN_NAME = 16
"""How many hex digits of the SHA-256 an uploaded file's name carries: 64 bits, and short enough to read."""


class TokenCount(Struct, frozen=True):
    """How many tokens one epoch over a file trains on: between `low` and `high`.

    `because` says for people why this is no exact count: another tokenizer, images, tools that a provider
    writes out its own way. A limit has to look at `high`.
    """

    low: int
    high: int
    because: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether the model's own tokenizer counted, and nothing was left to a guess."""
        return not self.because


class Dataset(Struct, frozen=True):
    """What was found in a file. `sha256` (64 hex digits) is its identity; the path is not.

    It is the digest of the *rows*: line ends, blank lines and a final newline are not in it, so that they
    never train again. `file_sha256` is that of the bytes, by which a transfer is checked.

    `tokens` is None where nobody counted them, which is never the same as zero. Models that read a file
    differently widen its range; `Counted` has the count of each.
    """

    path: str
    sha256: str
    bytes: int
    examples: int
    file_sha256: str
    tokens: TokenCount | None = None

    def upload_name(self, project: str) -> str:
        """Name the file so that an upload is found again by its rows, even without a state.

        The project is in it: where no mark can be, a job on this file is this project's and nobody else's.
        """
        stem = self.path.rsplit("/", 1)[-1].rsplit(".", 1)[0] or "data"
        return f"{stem}.{project}-{self.sha256[:DIGEST_IN_NAME]}.jsonl"


def uploaded_digest(filename: str, project: str) -> str | None:
    """Return the start of the SHA-256 in the name of an upload of this project, None for any other name."""
    found = _UPLOAD.fullmatch(filename)
    return found["digest"] if found and found["project"] == project else None


_UPLOAD = re.compile(rf".*\.(?P<project>[^.]+)-(?P<digest>[0-9a-f]{{{DIGEST_IN_NAME}}})\.jsonl", re.DOTALL)
