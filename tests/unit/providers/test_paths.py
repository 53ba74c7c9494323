"""An id that somebody else chose becomes one part of an address, and leads nowhere else."""

from __future__ import annotations

import pytest

from ftops.errors import Rejected
from ftops.transport.client import Transport
from ftops.transport.exchange import Attached, Request
from tests.unit.providers.scripted import Said, scripted


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("file_id", ["..", ".", "../models/mine", "a/../../x", "./x", "a/.."])
def test_a_step_to_another_path_is_not_sent(method: str, file_id: str) -> None:
    with scripted(Said({})) as server:
        transport = Transport("p", server.base_url, Attached())
        with pytest.raises(Rejected, match="nothing was sent"):
            transport.send(Request("retrieve file", method, f"/files/{file_id}"))
        assert server.asked == []
        transport.close()


@pytest.mark.parametrize(
    ("file_id", "sent"),
    [
        ("a?b", "a%3Fb"),
        ("a#b", "a%23b"),
        ("a%2fb", "a%252fb"),
        ("%2e%2e", "%252e%252e"),
        ("..%2f", "..%252f"),
        ("a..b", "a..b"),
        ("ft:gpt-4o:acme::1", "ft:gpt-4o:acme::1"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_else_it_holds_stays_in_its_part(method: str, file_id: str, sent: str) -> None:
    with scripted(Said({})) as server:
        transport = Transport("p", server.base_url, Attached())
        transport.send(Request("retrieve file", method, f"/files/{file_id}"))
        assert server.asked == [f"{method} /v1/files/{sent}"]
        transport.close()
