"""Dataset: a training or validation file by its content."""

from __future__ import annotations

from dataclasses import dataclass

DIGEST_IN_NAME = 16
"""How many hex digits of the SHA-256 an uploaded file's name carries: 64 bits, and short enough to read."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """What was found in a file. `sha256` (64 hex digits) is its identity; the path is not.

    `tokens` is None where nobody counted them, which is never the same as zero.
    """

    path: str
    sha256: str
    bytes: int
    examples: int
    tokens: int | None = None

    @property
    def upload_name(self) -> str:
        """Name the file so that an upload is found again by its content, even without a state."""
        stem = self.path.rsplit("/", 1)[-1].rsplit(".", 1)[0] or "data"
        return f"{stem}-{self.sha256[:DIGEST_IN_NAME]}.jsonl"
