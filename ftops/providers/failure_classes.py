"""Whose fault a job's failure is, as the words of one wire format tell it: data, read by `decode_error`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field

from ftops.model.job import FailureClass


class FailureClasses(Struct, frozen=True):
    """One format's table. What it does not know is `unknown`, which is never tried again by itself.

    `phrases` are regular expressions over the message and win, because a code such as
    `invalid_training_file` is also given for data that moderation refused. They have to be whole phrases: a
    message may quote what somebody called a file. `codes` are compared whole, in lower case; `parts` are
    looked for in the code, in this order.
    """

    codes: Mapping[str, FailureClass] = field(default_factory=dict)
    parts: Mapping[str, FailureClass] = field(default_factory=dict)
    phrases: Mapping[str, FailureClass] = field(default_factory=dict)

    def of(self, code: str | None, message: str | None) -> FailureClass:
        """Judge an error by its code and message."""
        said, named = message or "", (code or "").strip().lower()
        found = (kind for phrase, kind in self.phrases.items() if re.search(phrase, said, re.IGNORECASE))
        if (kind := next(found, None)) is not None:
            return kind
        if named in self.codes:
            return self.codes[named]
        return next((kind for part, kind in self.parts.items() if part in named), FailureClass.UNKNOWN)


GENERAL = FailureClasses(
    parts={
        "server_error": FailureClass.PROVIDER_ERROR,
        "internal": FailureClass.PROVIDER_ERROR,
        "unavailable": FailureClass.PROVIDER_ERROR,
        "timeout": FailureClass.PROVIDER_ERROR,
        "billing": FailureClass.BILLING,
        "payment": FailureClass.BILLING,
        "rate_limit": FailureClass.QUOTA,
        "quota": FailureClass.QUOTA,
        "moderation": FailureClass.MODERATION,
        "unsafe": FailureClass.MODERATION,
        "content_filter": FailureClass.MODERATION,
        "invalid": FailureClass.USER_ERROR,
        "user_error": FailureClass.USER_ERROR,
        "not_found": FailureClass.USER_ERROR,
    },
)
"""The words that providers use in their codes, where a format has no table of its own."""
