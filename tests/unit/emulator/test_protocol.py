"""Keys, headers and errors around every route."""

from pathlib import Path
from typing import Any

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import Client, Clock


@pytest.fixture
def locked(tmp_path: Path, clock: Clock) -> Any:
    with EmulatorServer(EmulatorSettings(tmp_path / "e.db", api_key="sk-right-key"), clock=clock) as server:
        yield server.base_url


def test_a_request_without_a_key_is_a_401(locked: str) -> None:
    for headers in ({}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer "}):
        error = Client(locked).error("GET", "/models", 401, headers=headers)
        assert error["message"].startswith("You didn't provide an API key.")


def test_a_wrong_key_is_a_401_that_masks_it(locked: str) -> None:
    error = Client(locked, "sk-wrong-secret-key").error("GET", "/fine_tuning/jobs", 401)
    assert error["code"] == "invalid_api_key"
    assert "wrong-secret" not in error["message"]
    assert "sk-w********-key" in error["message"]


def test_the_right_key_is_let_in_and_the_controls_need_none(locked: str) -> None:
    assert Client(locked, "sk-right-key").ids() == []
    assert "trains nothing" in Client(locked, None).get("/_emulator/info")["what"]


def test_without_a_set_key_any_request_is_let_in(provider: Client) -> None:
    assert provider.request("GET", "/models", headers={}).status_code == 200


def test_replies_carry_the_providers_headers(provider: Client) -> None:
    first = provider.request("GET", "/fine_tuning/jobs").headers
    second = provider.request("GET", "/fine_tuning/jobs/x").headers
    assert first["x-request-id"] != second["x-request-id"]
    assert first["openai-version"] == "2020-10-01"
    assert int(first["openai-processing-ms"]) >= 0
    assert first["openai-organization"] == "org-emulator"


@pytest.mark.parametrize(
    "path", ["/xyz", "/fine-tunes/", "/fine_tuning", "/fine_tuning/jobs/a/b", "//models"]
)
def test_an_unknown_path_is_a_404_that_names_it(provider: Client, path: str) -> None:
    error = provider.error("GET", path, 404)
    assert error["message"] == f"Invalid URL (GET /v1{path})"


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/fine_tuning/jobs/x"), ("PUT", "/files"), ("PATCH", "/fine-tunes/x"), ("POST", "/models")],
)
def test_a_wrong_method_is_a_405(provider: Client, method: str, path: str) -> None:
    assert provider.error(method, path, 405)["code"] == "method_not_supported"


BODIES = [b"", b"{", b"\xff\xfe", b'{"model": NaN}', b'"\\ud800"', b"[" * 5000, b"\x00"]


@pytest.mark.parametrize("path", ["/fine_tuning/jobs", "/fine-tunes"])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_not_json_is_a_400(provider: Client, path: str, body: bytes) -> None:
    error = provider.error("POST", path, 400, data=body)
    assert error["message"].startswith("We could not parse the JSON body")


@pytest.mark.parametrize("path", ["/fine_tuning/jobs", "/fine-tunes"])
@pytest.mark.parametrize("body", [b"[]", b"null", b"3", b'"text"'])
def test_json_that_is_no_object_is_a_400(provider: Client, path: str, body: bytes) -> None:
    assert provider.error("POST", path, 400, data=body)["message"].endswith("is not of type 'object'")


STRANGE = [
    "%00",
    "%ff",
    "a" * 5000,
    "%F0%9F%A4%96",
    "..%2f..%2fetc%2fpasswd",
    "'; DROP TABLE jobs; --",
    "%0d%0a",
]


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize(
    "path", ["/fine_tuning/jobs/{}", "/fine-tunes/{}", "/files/{}", "/files/{}/content", "/models/{}"]
)
def test_strange_ids_are_simply_unknown(provider: Client, path: str, name: str) -> None:
    provider.error("GET", path.format(name), 404)


@pytest.mark.parametrize("value", ["1e400", "99999999999999999999999", "-0.0", "1.7976931348623157e308"])
def test_extreme_numbers_are_refused_and_not_crashed_on(provider: Client, value: str) -> None:
    body = f'{{"model": "gpt-4o-mini", "training_file": "file-x", "seed": {value}}}'
    provider.error("POST", "/fine_tuning/jobs", 400, data=body.encode())


def test_a_bug_is_answered_without_its_trace(
    provider: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret detail")

    monkeypatch.setattr("ftops.emulator.world.job_table.JobTable.page", broken)
    error = provider.error("GET", "/fine_tuning/jobs", 500)
    assert error["type"] == "server_error"
    assert "secret" not in str(error)
    assert "the secret detail" in caplog.text
