"""Ids in the shapes of the real ones."""

import hashlib
import re
import secrets
import string

ALPHABET = string.ascii_letters + string.digits
LENGTH = 24

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def is_plain(an_id: str) -> bool:
    """Return whether it can be one of ours: a word that names a file of our folder, and no other place.

    A database may be a stranger's: it comes with the branch of a pull request.
    """
    return _PLAIN.fullmatch(an_id) is not None


def new_id(prefix: str) -> str:
    """Return a fresh id such as `file-ajSREls59WBbvgSzJSVWxMCB`."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def derived_id(prefix: str, *origin: object) -> str:
    """Return an id that is always the same for the same origin: nothing has to be stored for it."""
    number = derived_number(*origin)
    digits = []
    for _ in range(LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return prefix + "".join(digits)


def derived_number(*origin: object) -> int:
    """Return a large number that is always the same for the same origin."""
    text = "\n".join(map(str, origin))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=20).digest(), "big")
