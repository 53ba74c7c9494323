"""The files API."""

from pathlib import Path

import pytest
import requests

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.unit.emulator.client import CHAT, LIFETIME, Client, Clock


def test_an_upload_can_be_described_and_downloaded_byte_by_byte(provider: Client) -> None:
    content = bytes(range(256)) * 5000
    file_id = provider.upload(content, name="naïve name.jsonl")
    described = provider.get(f"/files/{file_id}")
    assert described["bytes"] == len(content)
    assert described["filename"] == "naïve name.jsonl"
    assert described["status"] == "processed"
    assert provider.request("GET", f"/files/{file_id}/content").content == content


def test_contents_lie_beside_the_database_and_nothing_is_left_of_refused_uploads(
    provider: Client, database: Path
) -> None:
    folder = database.with_name("emulator.db.files")
    file_id = provider.upload("x" * 2_000_000)
    provider.error("POST", "/files", 400, files={"file": ("a", "x" * 2_000_000)}, data={"purpose": "fun"})
    provider.error("POST", "/files", 400, files={"file": ("a", "x" * 2_000_000)})
    assert [path.name for path in folder.iterdir()] == [file_id]
    provider.delete(f"/files/{file_id}")
    assert list(folder.iterdir()) == []


def test_a_client_that_hangs_up_while_it_uploads_leaves_nothing(provider: Client, database: Path) -> None:
    def broken() -> list[bytes]:
        raise ConnectionResetError

    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * 100_000

    def body() -> object:
        yield head
        broken()

    headers = provider.headers | {"Content-Type": "multipart/form-data; boundary=b"}
    with pytest.raises(requests.ConnectionError):
        provider.request("POST", "/files", data=body(), headers=headers)
    assert provider.get("/files")["data"] == []


def test_files_are_listed_newest_first_by_purpose_and_page(provider: Client) -> None:
    ids = [provider.upload("x", purpose) for purpose in ("fine-tune", "batch", "fine-tune", "fine-tune")]
    page = provider.get("/files", purpose="fine-tune", limit=2)
    assert [file["id"] for file in page["data"]] == [ids[3], ids[2]]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (ids[3], ids[2], True)
    assert provider.ids("/files", purpose="fine-tune", limit=2, after=ids[2]) == [ids[0]]
    assert provider.ids("/files", order="asc") == ids
    assert provider.ids("/files", order="asc", after=ids[3]) == []
    assert provider.error("GET", "/files?order=up", 400)["param"] == "order"


def test_a_deleted_file_is_gone(provider: Client) -> None:
    file_id = provider.upload_rows([CHAT] * 12)
    assert provider.delete(f"/files/{file_id}") == {"id": file_id, "object": "file", "deleted": True}
    for method, tail in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        error = provider.error(method, f"/files/{file_id}{tail}", 404)
        assert error["message"] == f"No such File object: {file_id}"
    body = {"model": "gpt-4o-mini", "training_file": file_id}
    assert provider.error("POST", "/fine_tuning/jobs", 400, json=body)["param"] == "training_file"


def test_a_job_survives_the_deletion_of_its_file(provider: Client) -> None:
    job = provider.job()
    provider.delete(f"/files/{job['training_file']}")
    provider.advance(LIFETIME)
    assert provider.get(f"/fine_tuning/jobs/{job['id']}")["status"] == "succeeded"


def test_a_file_expires(provider: Client, database: Path) -> None:
    response = provider.request(
        "POST",
        "/files",
        files={"file": ("a.jsonl", "x")},
        data={
            "purpose": "fine-tune",
            "expires_after[anchor]": "created_at",
            "expires_after[seconds]": "3600",
        },
    ).json()
    assert response["expires_at"] == response["created_at"] + 3600
    provider.advance(3599)
    assert provider.ids("/files") == [response["id"]]
    provider.advance(2)
    assert provider.ids("/files") == []
    provider.error("GET", f"/files/{response['id']}", 404)
    newer = provider.upload("y")
    assert [path.name for path in database.with_name("emulator.db.files").iterdir()] == [newer]


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"expires_after[anchor]": "created_at"}, "expires_after.seconds"),
        ({"expires_after[seconds]": "3600"}, "expires_after.anchor"),
        ({"expires_after[anchor]": "now", "expires_after[seconds]": "3600"}, "expires_after.anchor"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "60"}, "expires_after.seconds"),
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "x"}, "expires_after.seconds"),
        ({"expires_after": "[]"}, "expires_after"),
        ({"expires_after": "7"}, "expires_after"),
    ],
)
def test_a_wrong_expiry_is_refused(provider: Client, form: dict[str, str], param: str) -> None:
    error = provider.error(
        "POST", "/files", 400, files={"file": ("a", "x")}, data={"purpose": "fine-tune", **form}
    )
    assert error["param"] == param


def test_uploads_without_file_purpose_or_content_are_refused(provider: Client) -> None:
    nothing = provider.error("POST", "/files", 400, data={"purpose": "fine-tune"})
    assert nothing["message"] == "'file' is a required property"
    assert provider.error("POST", "/files", 400, json={"purpose": "fine-tune"})["param"] == "file"
    no_purpose = provider.error("POST", "/files", 400, files={"file": ("a", "x")})
    assert no_purpose["message"] == "'purpose' is a required property"
    empty = {"file": ("a", b"")}
    assert (
        provider.error("POST", "/files", 400, files=empty, data={"purpose": "fine-tune"})["param"] == "file"
    )


@pytest.mark.parametrize("size", [2_000, 4_000_000])
def test_a_file_over_the_limit_is_a_413(tmp_path: Path, clock: Clock, size: int) -> None:
    settings = EmulatorSettings(tmp_path / "e.db", max_file_bytes=1000)
    with EmulatorServer(settings, clock=clock) as server:
        provider = Client(server.base_url)
        error = provider.error(
            "POST", "/files", 413, files={"file": ("a", "x" * size)}, data={"purpose": "fine-tune"}
        )
        assert error["code"] == "content_too_large"
        assert list(settings.files.iterdir()) == []
