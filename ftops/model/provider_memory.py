"""What is remembered of a provider from one run to the next."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from ftops.model.identifiers import SHA256Hex, Word

MOST_SENDS = 3
"""How often the same bytes are sent to a provider at which they fail each time."""


class RefusedUpload(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Bytes that a provider did not take, in its words. `at` is Unix seconds.

    `failed` are the ids of files that it took and then could not process; none where it refused at once.
    """

    message: str
    at: float
    failed: tuple[str, ...] = ()

    @property
    def final(self) -> bool:
        """Return whether they are not sent again until a person says so."""
        return not self.failed or len(self.failed) >= MOST_SENDS


class ProviderMemory(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What is remembered of a provider.

    `unmarked_since` (Unix seconds) is when a create's reply, or a retrieve, first lacked the mark that was
    sent: from then on its jobs are recognised as where no mark can be. `former_names` are those that it had
    before: fingerprints were made, and jobs stamped, under them. `refused_uploads` goes by the SHA-256
    of the bytes. `session` is the one of the last list.
    """

    unmarked_since: float | None = None
    former_names: tuple[str, ...] = ()
    refused_uploads: Mapping[SHA256Hex, RefusedUpload] = field(default_factory=dict)
    session: Word | None = None
