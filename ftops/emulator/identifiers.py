"""Ids in the shapes of the real ones."""

import hashlib
import secrets
import string

ALPHABET = string.ascii_letters + string.digits
LENGTH = 24


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
