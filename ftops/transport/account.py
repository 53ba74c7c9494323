"""A user and a password, for servers that want basic authentication."""

from __future__ import annotations

import base64

from msgspec import Struct

from ftops.transport.secret import MASK, Secret


class Account(Struct, frozen=True):
    """A user and a password."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Account({self.user!r}, {MASK})"

    @property
    def header(self) -> str:
        """Return the value of `Authorization`; a secret."""
        return f"Basic {self._coded}"

    @property
    def secrets(self) -> frozenset[Secret]:
        """Return what must not be shown: the password, and both as the header has them."""
        found = {Secret(self.password, "the password"), Secret(self._coded, "the account")}
        return frozenset(secret for secret in found if secret.reveal())

    @property
    def _coded(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
