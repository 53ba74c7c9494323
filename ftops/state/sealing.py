"""Encryption with age (the only pyrage import): a document inside a JSON envelope, readable with `age -d`.

It keeps names and data secret from whoever reads the store. It does not prove who wrote: anybody who knows a
recipient can write, so who may write is the store's own business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import DecodeError
from msgspec import json as typed

from ftops.errors import FtopsError, StateError

ALGORITHM = "age"
_SECRET = "AGE-SECRET-KEY-"  # noqa: S105 - the word that every identity begins with


class Seal:
    """Encrypts to the keys of `identities` and to `recipients`, and decrypts with `identities`."""

    def __init__(self, identities: str, recipients: Sequence[str] = ()) -> None:
        """Take identities as an age key file holds them. Raises FtopsError, which quotes none of them."""
        try:
            from pyrage import IdentityError, RecipientError, x25519
        except ImportError as error:
            raise FtopsError(
                f"spec.encryption needs the package pyrage, which cannot be loaded: {error}",
                hint="pip install 'ftops[encryption]'",
            ) from error
        lines = [line.strip() for line in identities.splitlines()]
        try:
            self._identities = [
                x25519.Identity.from_str(line) for line in lines if line.upper().startswith(_SECRET)
            ]
        except IdentityError as error:
            raise _no_identity("is none that age understands") from error
        if not self._identities:
            raise _no_identity("holds no line that begins with AGE-SECRET-KEY-")
        self._recipients = [identity.to_public() for identity in self._identities]
        for recipient in recipients:
            try:
                self._recipients.append(x25519.Recipient.from_str(recipient))
            except RecipientError as error:
                raise FtopsError(
                    f"{recipient} in spec.encryption.recipients is no age recipient: {error}",
                    hint="`age-keygen -y FILE` prints it",
                ) from error

    def close(self, data: bytes, head: Mapping[str, Any]) -> bytes:
        """Encrypt; `head` stays readable in the envelope."""
        from pyrage import encrypt

        armored = encrypt(data, self._recipients, armored=True).decode("ascii")
        return typed.format(typed.encode({**head, "encrypted": ALGORITHM, "data": armored}), indent=2) + b"\n"

    def open(self, envelope: str, what: str) -> bytes:
        """Decrypt what `sealed` gave. Raises StateError naming `what`."""
        from pyrage import DecryptError, decrypt

        try:
            return bytes(decrypt(envelope.encode(), self._identities))
        except DecryptError as error:
            raise StateError(
                f"{what} cannot be decrypted: {error}",
                hint="it is encrypted to other keys than spec.encryption.identity has, or damaged",
            ) from error


def sealed(data: bytes) -> str | None:
    """Return the encrypted text of an envelope, None where the data is no envelope."""
    if b'"encrypted"' not in data:
        return None  # Most states are none, and large: parsing them twice would be dear.
    try:
        document = typed.decode(data)
    except (DecodeError, UnicodeDecodeError):
        return None
    told = document.get("data") if isinstance(document, dict) and "encrypted" in document else None
    return told if isinstance(told, str) else None


def opened(data: bytes, seal: Seal | None, what: str) -> bytes:
    """Return the data itself, decrypted where it is an envelope. Raises StateError."""
    envelope = sealed(data)
    if envelope is None:
        return data
    if seal is None:
        raise StateError(
            f"{what} is encrypted", hint="set spec.encryption.identity of ftops.yaml to where its key stands"
        )
    return seal.open(envelope, what)


def _no_identity(why: str) -> FtopsError:
    return FtopsError(f"what spec.encryption.identity leads to {why}", hint="`age-keygen` makes one")
