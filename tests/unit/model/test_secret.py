"""A secret is used and never shown."""

from __future__ import annotations

import copy
import json
import pickle
import urllib.parse

import pytest

from ftops.errors import ExitCode, SecretExposed
from ftops.transport.secret import Secret, Vault

VALUE = 'k"y/é<_0123456789>'


def test_no_way_of_showing_a_secret_shows_it() -> None:
    secret = Secret(VALUE, "spec.providers.oa.api_key")
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        "{0}".format(secret),  # noqa: UP030, UP032 - one more way
        repr([secret]),
        repr({1: secret}),
    ]
    assert not [text for text in shown if "0123456789" in text]
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert secret.reveal() == VALUE


def test_a_secret_is_found_however_a_document_spells_it() -> None:
    vault = Vault()
    vault.add(Secret(VALUE, "spec.providers.oa.api_key"))
    spelled = [
        VALUE,
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        urllib.parse.quote(VALUE, safe=""),
    ]
    for text in (*spelled, "k&quot;y/é&lt;_0123456789&gt;"):
        assert "0123456789" not in vault.blank(f"before {text} after")
        for written in (text, text.encode()):
            with pytest.raises(SecretExposed, match=r"the plan would show the secret of spec\.providers\.oa"):
                vault.refuse(written, "the plan")
    vault.refuse("nothing of it", "the plan")
    assert SecretExposed("x").exit_code is ExitCode.ERROR


def test_a_value_too_short_for_a_key_stops_no_work() -> None:
    vault = Vault()
    vault.add(Secret("none", "api_key"))
    vault.add(Secret("Bearer x", "headers.Authorization"))
    vault.refuse("none of Bearer x", "the plan")
    assert vault.blank("none") == "none"


def test_of_two_secrets_the_longer_one_is_blanked_first() -> None:
    vault = Vault()
    vault.add(Secret("0123456789", "a"))
    vault.add(Secret("0123456789-more", "b"))
    assert vault.blank("0123456789-more") == "***"
