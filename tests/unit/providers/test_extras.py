"""What a gateway wants beside the format's own fields."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from ftops.errors import ProviderError
from ftops.model.job import Stamp
from ftops.model.project import EnvReference, ProviderSettings
from ftops.model.request import JobRequest, RequestFile
from ftops.providers.registry import facts_of, open_provider
from ftops.transport.client import Transport
from ftops.transport.exchange import Attached, Request
from tests.unit.providers.scripted import Said, scripted

ROUTE = "route-canary-77"
SETTINGS = ProviderSettings(
    "gw",
    "openai",
    query={"custom_llm_provider": "azure", "trace": True, "key": EnvReference("ROUTE")},
    body={"custom_llm_provider": "azure", "tags": ["a", 1], "route": EnvReference("ROUTE")},
)
JOB = {"id": "j", "status": "running", "model": "m"}
QUERY = f"custom_llm_provider=azure&trace=true&key={ROUTE}"


def test_extras_go_with_every_request_and_ours_win(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n")
    stamp = Stamp("p", "l", "n", "f", 1, 1, "nonce")
    file = {"id": "file-1", "filename": "a.jsonl", "object": "file"}
    with scripted(Said(JOB), Said(JOB), Said({"data": []}), Said(file)) as server:
        provider = open_provider(SETTINGS, {"ROUTE": ROUTE}, base_url=server.base_url)
        provider.create_fine_tune(JobRequest("m", (RequestFile("file-1"),), stamp=stamp))
        provider.cancel_fine_tune("j")
        provider.list_fine_tunes()
        with pytest.raises(Exception, match="1 problem"):
            provider.upload_file(path, "a.jsonl", "0" * 64)
        provider.close()
    assert server.asked == [
        f"POST /v1/fine_tuning/jobs?{QUERY}",
        f"POST /v1/fine_tuning/jobs/j/cancel?{QUERY}",
        f"GET /v1/fine_tuning/jobs?{QUERY}&limit=100",
        f"POST /v1/files?{QUERY}",
        f"DELETE /v1/files/file-1?{QUERY}",
    ]
    created, cancelled, listed, uploaded, _ = server.bodies
    extras = {"custom_llm_provider": "azure", "tags": ["a", 1], "route": ROUTE}
    assert extras.items() <= orjson.loads(created).items()
    assert orjson.loads(created)["model"] == "m"
    assert orjson.loads(cancelled) == extras
    assert listed == b""
    for field in (b'name="custom_llm_provider"\r\n\r\nazure', b'name="tags"\r\n\r\n["a",1]', ROUTE.encode()):
        assert field in uploaded


def test_the_formats_own_fields_win_whatever_an_extra_is_called() -> None:
    with scripted(Said({"a": 1})) as server:
        transport = Transport("p", server.base_url, Attached({}, {"after": "x"}, {"model": "x"}))
        transport.send(Request("create", "POST", "/x", body={"model": "mine"}))
        transport.send(Request("list", "GET", "/x", {"after": "mine"}))
    assert orjson.loads(server.bodies[0]) == {"model": "mine"}
    assert server.asked[1] == "GET /v1/x?after=mine"


def test_a_cancel_has_no_body_where_there_are_no_extras() -> None:
    with scripted(Said(JOB)) as server:
        open_provider(ProviderSettings("p", "openai"), {}, base_url=server.base_url).cancel_fine_tune("j")
    assert server.bodies == [b""]
    assert "Content-Type" not in server.headers[0]


def test_an_extra_from_a_reference_is_a_credential() -> None:
    with scripted(Said({"error": {"message": f"no route {ROUTE}"}}, 400)) as server:
        provider = open_provider(SETTINGS, {"ROUTE": ROUTE}, base_url=server.base_url)
        with pytest.raises(ProviderError) as caught:
            provider.list_fine_tunes()
    assert ROUTE not in f"{caught.value} {caught.value.failure}"


def test_facts_show_extras_as_they_are_written() -> None:
    assert facts_of(SETTINGS).extras == {
        "query.custom_llm_provider": "azure",
        "query.trace": True,
        "query.key": {"env": "ROUTE"},
        "body.custom_llm_provider": "azure",
        "body.tags": ["a", 1],
        "body.route": {"env": "ROUTE"},
    }
