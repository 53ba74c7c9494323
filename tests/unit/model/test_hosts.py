"""The one rule about servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from ftops.errors import Refused
from ftops.transport.hosts import Destination, Origin, origin_of, refuse_stranger


def to(url: str, reference: str | None = None, own: str = "https://api.example/v1") -> Destination:
    return Destination(origin_of(url), "the key", "spec.x", reference, [origin_of(own)])


@pytest.mark.parametrize(
    "url",
    [
        *("https://api.example/v2", "https://API.example:443/", "http://127.0.0.1:8000", "http://localhost"),
        *("https://[::1]:4/x", "https://llm.example/v1", "http://LLM.example:81", "https://[fe80::1]/"),
    ],
)
def test_own_hosts_loopback_and_allowed_hosts_are_right(url: str) -> None:
    refuse_stranger(to(url), {"CI": "1", "FTOPS_ALLOWED_HOSTS": " llm.example ,[fe80::1]"})


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://evil.example/v1", "evil.example"),
        ("http://api.example/v1", "api.example"),
        ("https://api.example:444/v1", "api.example"),
        ("https://api.example./v1", "api.example."),
        ("https://api.example.evil.example", "api.example.evil.example"),
        ("http://127.0.0.2", "127.0.0.2"),
        ("http://0", "0"),
        ("http://2130706433", "2130706433"),
        ("https://api.example@evil.example/", "evil.example"),
    ],
)
def test_any_other_host_is_named_in_the_refusal(url: str, host: str) -> None:
    with pytest.raises(Refused) as refused:
        refuse_stranger(to(url), {"CI": "false", "FTOPS_ALLOWED_HOSTS": ""})
    assert refused.value.hint == f"if that is intended, set FTOPS_ALLOWED_HOSTS={host} in the CI settings"
    refuse_stranger(to(url), {})
    refuse_stranger(to(url), {"CI": ""})


@pytest.mark.parametrize(
    "url",
    [
        *("http://evil.example\\@localhost/", "http://localhost\n.evil.example/", "http://localhost\t/"),
        *("http://a@b@localhost/", "http://löcalhost/", "localhost", "", "http://", "http://localhost:x/"),
        *("http://[1.2.3]/", "http://[:::]/"),
    ],
)
def test_an_address_that_libraries_read_differently_is_none(url: str) -> None:
    assert origin_of(url) is None
    with pytest.raises(Refused, match="not a plain address"):
        refuse_stranger(to(url, own=""), {"CI": "1"})


def test_a_host_out_of_a_reference_is_a_secret() -> None:
    with pytest.raises(Refused, match=r"spec\.x \(\{env: URL\}\) leads to") as refused:
        refuse_stranger(to("https://db.secret.example/", "{env: URL}"), {"CI": "1"})
    assert "secret" not in f"{refused.value.message}{refused.value.hint}"


@given(st.text(st.sampled_from("htps:/\\@#?[]%.1270ab \n\t"), max_size=24).map("http://127.0.0.1".__add__))
def test_an_address_that_is_taken_means_the_same_server_to_the_http_library(url: str) -> None:
    found = origin_of(url)
    if found is None:
        return
    try:
        assert parse_url(url).host in (found.host, f"[{found.host}]")
    except LocationParseError:
        assert isinstance(found, Origin)
