"""What the environment says of a bucket: what cannot be sent is refused, since obstore would panic."""

from __future__ import annotations

import pytest

from ftops.errors import FtopsError
from ftops.transport.bucket_errors import Place
from ftops.transport.bucket_opening import open_bucket

AWS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": "http://127.0.0.1:9/x"}
AZURE = {"AZURE_STORAGE_ACCOUNT": "acc", "AZURE_STORAGE_KEY": "b25l"}


@pytest.mark.parametrize(
    ("scheme", "environ", "name"),
    [
        ("s3", {**AWS, "AWS_ACCESS_KEY_ID": "canary\n"}, "AWS_ACCESS_KEY_ID"),
        ("s3", {**AWS, "AWS_SESSION_TOKEN": "canary\n"}, "AWS_SESSION_TOKEN"),
        ("s3", {**AWS, "AWS_REGION": "canary west"}, "AWS_REGION"),
        ("s3", {**AWS, "AWS_ENDPOINT_URL": "http://canary:9\n"}, "AWS_ENDPOINT_URL"),
        ("s3", {**AWS, "AWS_ENDPOINT_URL": "http://canary:9/x y"}, "AWS_ENDPOINT_URL"),
        ("s3", {**AWS, "AWS_ENDPOINT_URL": "http://cänary"}, "AWS_ENDPOINT_URL"),
        ("s3", {**AWS, "AWS_ENDPOINT_URL": "http://canary:99999"}, "AWS_ENDPOINT_URL"),
        ("s3", {**AWS, "AWS_ENDPOINT_URL": "http://canary:a@b"}, "AWS_ENDPOINT_URL"),
        ("gs", {"GOOGLE_BEARER_TOKEN": "canary\n"}, "GOOGLE_BEARER_TOKEN"),
        ("gs", {"GOOGLE_BASE_URL": "http://canary b"}, "GOOGLE_BASE_URL"),
        ("az", {**AZURE, "AZURE_STORAGE_ACCOUNT": "canary\r\n"}, "AZURE_STORAGE_ACCOUNT"),
    ],
)
def test_what_cannot_be_sent_is_one_sentence_without_its_value(
    scheme: str, environ: dict[str, str], name: str
) -> None:
    with pytest.raises(FtopsError) as raised:
        open_bucket(Place(scheme, "bucket", "key"), environ, 1)
    said = str(raised.value)
    assert f"cannot open {scheme}://bucket/key: {name} " in said
    assert "anary" not in said
    assert "\n" not in said


def test_what_can_be_sent_is_taken() -> None:
    for scheme, environ in (("s3", AWS), ("az", AZURE)):
        open_bucket(Place(scheme, "bucket", "key"), environ, 1)


def test_a_path_may_have_spaces() -> None:
    with pytest.raises(FtopsError, match="Unable to open service account file from /no such"):
        open_bucket(Place("gs", "bucket", "key"), {"GOOGLE_APPLICATION_CREDENTIALS": "/no such"}, 1)
