"""Secret: a value that may be used and never shown; Vault: every one of them that a run knows."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Never

MASK = "***"
SHORTEST = 8
"""Characters that a value needs to be looked for in what is written. A shorter one is no key that keeps
anybody out, and occurs by chance in names and numbers: refusing those would stop honest work."""

_SCHEME = re.compile(r"^(Bearer|Basic|Token)\s+", re.IGNORECASE)


_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_QUOTED_HTML = {**_HTML, ord('"'): "&quot;", ord("'"): "&#x27;"}
"""As `html.escape` does it, whose module takes longer to load than everything else here."""


class Secret:
    """A resolved credential. Only `reveal` returns the value; showing, formatting or pickling does not."""

    __slots__ = ("_value", "name")

    def __init__(self, value: str, name: str) -> None:
        self._value = value
        self.name = name

    def reveal(self) -> str:
        """Return the value, for the request that carries it and for nothing else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not written anywhere")

    @property
    def forms(self) -> frozenset[str]:
        """Return the value as JSON, URLs, HTML and Markdown spell it; empty for one too short to look for."""
        import json
        from urllib.parse import quote

        # Of "Bearer KEY" the key alone is what must not be found anywhere.
        value = _SCHEME.sub("", self._value.strip(), count=1)
        if len(value) < SHORTEST:
            return frozenset()
        escaped = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
        marked = (value.translate(_QUOTED_HTML), value.translate(_HTML), _in_markdown(value))
        return frozenset({value, *escaped, quote(value, safe=""), *marked})


def blanked(text: str, secrets: Iterable[Secret]) -> str:
    """Replace secrets in words that are shown, however short they are."""
    for value in sorted((secret.reveal() for secret in secrets), key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def blanked_bytes(content: bytes, secrets: Iterable[Secret]) -> bytes:
    """Replace secrets in a reply, before any of it can reach a record."""
    for form in (form for secret in secrets for form in secret.forms):
        content = content.replace(form.encode(), MASK.encode())
    return content


def _in_markdown(value: str) -> str:
    return re.sub(r"([\\`*_\[\]|~@#])", r"\\\1", value)


class Vault:
    """The secrets of one run, for those who write: they blank them, or refuse to write at all.

    To be used from any thread: what one reads is never changed, only replaced.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._adding = threading.Lock()

    def add(self, secret: Secret) -> None:
        """Remember a secret from now on."""
        with self._adding:
            self._names = self._names | dict.fromkeys(secret.forms, secret.name)

    def blank(self, text: str) -> str:
        """Replace every secret in a text: for logs and errors, which must not be lost."""
        for form in sorted(self._names, key=len, reverse=True):
            text = text.replace(form, MASK)
        return text

    def holds(self, content: bytes) -> bool:
        """Return whether content has a secret in any of its forms."""
        return any(form.encode() in content for form in self._names)

    def refuse(self, written: str | bytes, what: str) -> None:
        """Raise SecretExposed if this holds a secret: for documents, which must not be half true."""
        for form, name in self._names.items():
            found = form in written if isinstance(written, str) else form.encode() in written
            if found:
                from ftops.errors import SecretExposed

                raise SecretExposed(
                    f"{what} would show the secret of {name}, so it was not written",
                    hint="remove it from manifests, labels and names; if it was in one, change the key",
                )
