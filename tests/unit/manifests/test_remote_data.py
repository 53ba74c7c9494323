"""What a manifest may say of data that lies elsewhere, and each way in which it is not pinned."""

from __future__ import annotations

import pytest

from ftops.manifests.remote_data import Unpinned, remote_of
from ftops.model.remote import Remote
from tests.unit.manifests.workspace import Workspace

SHA = "0f" * 32
COMMIT = "5d" * 20


@pytest.mark.parametrize(
    ("value", "remote"),
    [
        ({"url": "https://h.example/a/b.jsonl", "sha256": SHA}, Remote("https://h.example/a/b.jsonl", SHA)),
        (
            {"url": "HTTPS://h.example:8443/b?v=2", "sha256": SHA},
            Remote("https://h.example:8443/b?v=2", SHA),
        ),
        ({"url": "s3://bucket/a key.jsonl", "version": "v1"}, Remote("s3://bucket/a key.jsonl", None, "v1")),
        ({"url": "gs://bucket/k", "etag": 'W/"e"'}, Remote("gs://bucket/k", etag="e")),
        ({"url": "az://box/k", "sha256": SHA}, Remote("az://box/k", SHA)),
        (
            {"url": f"hf://datasets/acme/qa@{COMMIT}/data/train.jsonl"},
            Remote(f"hf://datasets/acme/qa@{COMMIT}/data/train.jsonl"),
        ),
        (
            {"url": f"hf://datasets/squad@{COMMIT}/t.jsonl", "sha256": SHA},
            Remote(f"hf://datasets/squad@{COMMIT}/t.jsonl", SHA),
        ),
    ],
)
def test_each_kind_of_place_has_its_pin(value: dict[str, str], remote: Remote) -> None:
    assert remote_of(value) == remote


@pytest.mark.parametrize(
    ("value", "words", "hint"),
    [
        ({"url": "https://h.example/b.jsonl"}, "the pin is missing", "sha256sum"),
        ({"url": "s3://bucket/b.jsonl"}, "the pin is missing", "version:, etag: or sha256:"),
        ({"url": "https://h.example/b", "etag": "e", "sha256": SHA}, "pinned by sha256, not by etag", ""),
        ({"url": "https://h.example/", "sha256": SHA}, "does not name a file on a host", "https://HOST/FILE"),
        ({"url": "https://h ost/b", "sha256": SHA}, "does not name a file on a host", ""),
        (
            {"url": "http://h.example/b", "sha256": SHA},
            "http:// is not supported, because it is not encrypted",
            "use https://",
        ),
        ({"url": "htps://h.example/b", "sha256": SHA}, "htps:// is not supported", "did you mean 'https'?"),
        ({"url": "ftp://h.example/b", "sha256": SHA}, "ftp:// is not supported", "s3://BUCKET/KEY"),
        ({"url": "data/b.jsonl", "sha256": SHA}, "is not a supported address", ""),
        ({"url": "https://h.example/b#x", "sha256": SHA}, "has a # in it", "%23"),
        ({"url": "https://h.example/../b", "sha256": SHA}, "contains . or ..", ""),
        ({"url": "s3://bucket/%2e%2e/b", "version": "1"}, "contains . or ..", ""),
        ({"url": "s3://bucket", "version": "1"}, "does not name an object in a bucket", "s3://BUCKET/KEY"),
        ({"url": "az://box/", "version": "1"}, "does not name an object in a bucket", "az://CONTAINER/KEY"),
        ({"url": "hf://datasets/acme/qa@main/t.jsonl"}, "'main' is not a commit", "40 digits"),
        ({"url": f"hf://datasets/acme/qa@{COMMIT[:7]}/t.jsonl"}, "is not a commit", "40 digits"),
        ({"url": f"hf://datasets/acme/..@{COMMIT}/t.jsonl"}, "does not name a file of a dataset", ""),
        ({"url": f"hf://datasets/.@{COMMIT}/t.jsonl"}, "does not name a file of a dataset", ""),
        ({"url": "hf://datasets/acme/qa/t.jsonl"}, "has no revision", "@COMMIT"),
        ({"url": f"hf://acme/model@{COMMIT}/t.jsonl"}, "does not name a file of a dataset", "hf://datasets/"),
        ({"url": f"hf://datasets/a/b@{COMMIT}/t", "version": "1"}, "pinned by its commit", "remove it"),
    ],
)
def test_what_does_not_pin_is_refused_with_what_to_write(
    value: dict[str, str], words: str, hint: str
) -> None:
    with pytest.raises(Unpinned) as raised:
        remote_of(value)
    assert words in raised.value.message
    assert hint in raised.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "https://user:s3cr3t-word@h.example/b",
        "https://user:s3cr3t-word@h.example:99999999/b",
        "https://user:s3cr3t/word@h.example/b",
        "hf://user:s3cr3t-word@datasets/a/b",
        "s3://key:s3cr3t-word@bucket/k",
        "https://h.example/b?X-Amz-Signature=s3cr3t-word",
        "https://h.blob.example/b?sv=1&sig=s3cr3t-word",
        "user:s3cr3t-word@h.example/b",
    ],
)
def test_a_password_or_a_signature_is_refused_and_never_repeated(url: str) -> None:
    with pytest.raises(Unpinned) as raised:
        remote_of({"url": url, "sha256": SHA})
    assert "s3cr3t" not in raised.value.message + raised.value.hint


def test_the_same_digest_is_the_same_pin_wherever_it_lies() -> None:
    first, second = Remote("https://a.example/x.jsonl", SHA), Remote("s3://bucket/x.jsonl", SHA, "v1")
    assert first.path == second.path
    assert Remote("s3://b/x", version="1").path != Remote("s3://b/x", version="2").path
    assert Remote("s3://b/x", version="1").path != Remote("s3://b/x", etag="1").path


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        (f"{{url: https://h.example/b, sha256: {SHA[1:]}}}", "jobs/a.yaml:7:55: spec.validation_file.sha256"),
        ("{url: https://h.example/b}", "jobs/a.yaml:7:20: spec.validation_file: the pin is missing"),
        ("{url: s3://b-u/k, version: 1}", "spec.validation_file.version: must be a string, not the number 1"),
        ("{url: s3://b-u/k, versoin: x}", "did you mean 'version'?"),
        ("{ulr: s3://b-u/k}", "did you mean 'url'?"),
        (f"{{path: a, url: https://h.example/b, sha256: {SHA}}}", "unknown field 'path'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(workspace: Workspace, reference: str, told: str) -> None:
    workspace.fine_tune("a", f"validation_file: {reference}")
    assert any(told in problem for problem in workspace.problems())
