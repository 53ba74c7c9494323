"""What holds for data wherever it lies: its pin, what is gone or cut, and what is the same training.

Each kind of place is a real server on loopback: https, a store of S3's protocol, one of Azure's, a hub of
datasets. Google's has none here that knows conditions: what holds for gs:// is what obstore promises.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from msgspec import Struct

from ftops.datasets.fetching import MOST_TRIES, Fetcher
from ftops.files.data_cache import DataCache
from ftops.model.event import Event, EventKind
from ftops.model.remote import Remote
from ftops.model.value import replace
from ftops.reconciler.loading import load
from ftops.transport.secret import Vault
from tests.conftest import ROWS
from tests.services import started
from tests.services.azurite import CONTAINER, asked, azurite
from tests.services.cutting_proxy import Cut, Side, cutting_proxy
from tests.services.file_server import FileServer, file_server
from tests.services.moto_s3 import moto_s3

CONTENT = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
OTHER = CONTENT.replace(b"q1", b"q2")
_LONGEST_HEAD = 300
"""Bytes that the head of a reply of a bucket's server has, about."""

COMMIT, OTHER_COMMIT = "5d" * 20, "6e" * 20
"""Of a dataset: what a hub says at each of them never changes."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Store(ABC):
    """A kind of place. `environ` leads to it."""

    environ: Mapping[str, str]

    @abstractmethod
    def put(self, content: bytes) -> Remote:
        """Put a file there; return its pinned reference."""

    @abstractmethod
    def wrong(self, remote: Remote) -> Remote:
        """Return the reference with a pin of other bytes."""

    @abstractmethod
    def remove(self, remote: Remote) -> None:
        """Take the file away."""

    @abstractmethod
    def cutting(self, after: int) -> AbstractContextManager[Mapping[str, str]]:
        """Break every first answer after some bytes, and those that follow at once; gives the environment."""

    def last_range(self) -> str | None:
        """Return from where the last request asked for the file."""
        return None


class WebStore(Store):
    def __init__(self, server: FileServer) -> None:
        self._server = server
        self.environ = {"REQUESTS_CA_BUNDLE": str(server.bundle)}

    def put(self, content: bytes) -> Remote:
        return Remote(self._server.put("/d/train.jsonl", content), sha256(content))

    def wrong(self, remote: Remote) -> Remote:
        return replace(remote, sha256=sha256(OTHER))

    def remove(self, remote: Remote) -> None:
        self._server.files.clear()

    def cutting(self, after: int) -> AbstractContextManager[Mapping[str, str]]:
        return _cut(self._server, "/d/train.jsonl", after, self.environ)

    def last_range(self) -> str | None:
        return self._server.asked[-1][1].get("Range")


@contextmanager
def _cut(
    server: FileServer, path: str, after: int, environ: Mapping[str, str]
) -> Iterator[Mapping[str, str]]:
    server.files[path].cuts = [after, 0, 0]
    yield environ
    server.files[path].cuts = []


class HubStore(Store):
    def __init__(self, server: FileServer) -> None:
        self._server = server
        self.environ = {"HF_ENDPOINT": server.address}

    def put(self, content: bytes) -> Remote:
        store = self._server.put("/store/x", content)
        told = {"Location": store, "X-Repo-Commit": COMMIT, "X-Linked-Etag": f'"{sha256(content)}"'}
        self._server.put(f"/datasets/acme/qa/resolve/{COMMIT}/train.jsonl", b"", status=302, headers=told)
        gone = {"X-Error-Code": "RevisionNotFound"}
        self._server.put(
            f"/datasets/acme/qa/resolve/{OTHER_COMMIT}/train.jsonl", b"", status=404, headers=gone
        )
        return Remote(f"hf://datasets/acme/qa@{COMMIT}/train.jsonl")

    def wrong(self, remote: Remote) -> Remote:
        return replace(remote, url=remote.url.replace(COMMIT, OTHER_COMMIT))

    def remove(self, remote: Remote) -> None:
        self._server.files.clear()

    def cutting(self, after: int) -> AbstractContextManager[Mapping[str, str]]:
        return _cut(self._server, "/store/x", after, self.environ)

    def last_range(self) -> str | None:
        return self._server.asked[-1][1].get("Range")


class BucketStore(Store):
    """`pin` is which of the pins is used."""

    def __init__(self, environ: Mapping[str, str], pin: str) -> None:
        self.environ = environ
        self._address = f"{environ['AWS_ENDPOINT_URL']}/versioned"
        self._pin = pin
        self._ask("PUT", "")
        versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        self._ask("PUT", "?versioning", versioning.encode())

    def put(self, content: bytes) -> Remote:
        told = self._ask("PUT", "/d/train.jsonl", content).headers
        pins = {
            "version": told["x-amz-version-id"],
            "etag": told["ETag"].strip('"'),
            "sha256": sha256(content),
        }
        return Remote("s3://versioned/d/train.jsonl", **{self._pin: pins[self._pin]})

    def wrong(self, remote: Remote) -> Remote:
        wrong = {"version": "0" * 32, "etag": "0" * 32, "sha256": "0" * 64}
        return replace(remote, **{self._pin: wrong[self._pin]})

    def remove(self, remote: Remote) -> None:
        query = f"?versionId={remote.version}" if remote.version else ""
        self._ask("DELETE", f"/d/train.jsonl{query}")

    @contextmanager
    def cutting(self, after: int) -> Iterator[Mapping[str, str]]:
        def policy(method: str, path: str) -> Cut | None:
            return Cut(Side.REPLY, after + _LONGEST_HEAD) if method == "GET" else None

        with cutting_proxy(self.environ["AWS_ENDPOINT_URL"], policy) as proxy:
            yield {**self.environ, "AWS_ENDPOINT_URL": proxy.address}

    def _ask(self, method: str, path: str, content: bytes = b"") -> requests.Response:
        url = f"{self._address}{path}"
        reply = requests.request(method, url, data=content, headers=_SIGNED, timeout=10)
        reply.raise_for_status()
        return reply


class ContainerStore(Store):
    """A container of Azure; `pin` is which of the pins is used."""

    def __init__(self, environ: Mapping[str, str], pin: str) -> None:
        self.environ = environ
        self._pin = pin

    def put(self, content: bytes) -> Remote:
        told = self._ask("PUT", content).headers
        pins = {"etag": told["ETag"].strip('"'), "sha256": sha256(content)}
        return Remote(f"az://{CONTAINER}/d/train.jsonl", **{self._pin: pins[self._pin]})

    def wrong(self, remote: Remote) -> Remote:
        return replace(remote, **{self._pin: {"etag": "0x8D0", "sha256": "0" * 64}[self._pin]})

    def remove(self, remote: Remote) -> None:
        self._ask("DELETE")

    @contextmanager
    def cutting(self, after: int) -> Iterator[Mapping[str, str]]:
        def policy(method: str, path: str) -> Cut | None:
            return Cut(Side.REPLY, after + _LONGEST_HEAD) if method == "GET" else None

        address = self.environ["AZURE_STORAGE_ENDPOINT"]
        with cutting_proxy(address, policy) as proxy:
            account = address.rpartition("/")[2]
            yield {**self.environ, "AZURE_STORAGE_ENDPOINT": f"{proxy.address}/{account}"}

    def _ask(self, method: str, content: bytes = b"") -> requests.Response:
        address = self.environ["AZURE_STORAGE_ENDPOINT"]
        return asked(address, method, f"{CONTAINER}/d/train.jsonl", content=content)


_SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, Signature=0"}

KINDS = ("https", "hf", "s3 by version", "s3 by etag", "s3 by sha256", "az by etag", "az by sha256")


@pytest.fixture(scope="session")
def moto() -> Iterator[Mapping[str, str]]:
    yield from (service.environ for service in started("moto", moto_s3))


@pytest.fixture(scope="session")
def azure() -> Iterator[Mapping[str, str]]:
    yield from (service.environ for service in started("azurite", azurite))


@contextmanager
def opened(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with ExitStack() as stack:
        if kind == "https":
            yield WebStore(stack.enter_context(file_server(folder)))
        elif kind == "hf":
            yield HubStore(stack.enter_context(file_server()))
        elif kind.startswith("az "):
            yield ContainerStore(request.getfixturevalue("azure"), kind.rpartition(" ")[2])
        else:
            yield BucketStore(request.getfixturevalue("moto"), kind.rpartition(" ")[2])


@pytest.fixture(params=KINDS)
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(request.param, tmp_path, request) as store:
        yield store


class Run(Struct):
    """One run of a project in which data is fetched, and what it said."""

    root: Path
    environ: Mapping[str, str]
    events: list[Event] = []

    def bring(self, remote: Remote) -> str | None:
        """Fetch; return why it could not be."""
        fetcher = Fetcher(self.environ, Vault(), self.events.append, pause=lambda _: None)
        missing = [] if DataCache(self.root).holds(remote) else [remote]
        failed = fetcher.bring(self.root, missing, [remote])
        return str(failed[remote]) if failed else None

    def copy(self, remote: Remote) -> bytes | None:
        path = self.root / remote.path
        return path.read_bytes() if path.exists() else None


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Run:
    root = tmp_path / "project"
    root.mkdir()
    return Run(root, store.environ)


def test_what_is_pinned_is_fetched_once(run: Run, store: Store) -> None:
    remote = store.put(CONTENT)
    assert run.bring(remote) is None
    assert run.copy(remote) == CONTENT
    assert [event.kind for event in run.events] == [EventKind.FETCH_STARTED, EventKind.FETCH_DONE]
    store.remove(remote)
    assert run.bring(remote) is None
    assert len(run.events) == 2


def test_a_wrong_pin_fetches_nothing(run: Run, store: Store) -> None:
    wrong = store.wrong(store.put(CONTENT))
    assert run.bring(wrong) is not None
    assert run.copy(wrong) is None


def test_what_is_gone_is_said_to_be_gone(run: Run, store: Store) -> None:
    remote = store.put(CONTENT)
    store.remove(remote)
    assert "does not exist" in (run.bring(remote) or "")


def test_what_breaks_is_gone_on_with_by_the_next_run(run: Run, store: Store) -> None:
    remote = store.put(CONTENT)
    with store.cutting(len(CONTENT) // 2) as environ:
        assert Run(run.root, environ).bring(remote) is not None
    assert run.copy(remote) is None
    if isinstance(store, BucketStore | ContainerStore):
        # Its parts are larger than this file: what breaks in the middle of one is asked for anew.
        assert run.bring(remote) is None
    else:
        left = run.root / remote.folder / "part"
        assert CONTENT.startswith(left.read_bytes())
        assert left.stat().st_size > 0
        assert run.bring(remote) is None
        assert store.last_range() == f"bytes={len(CONTENT) // 2}-"
    assert run.copy(remote) == CONTENT


def test_what_an_earlier_run_left_of_another_file_is_dropped(run: Run, store: Store) -> None:
    remote = store.put(CONTENT)
    (run.root / remote.folder).mkdir(parents=True)
    (run.root / remote.folder / "part").write_bytes(b"x" * 50)
    assert run.bring(remote) is None
    assert run.copy(remote) == CONTENT


@pytest.mark.parametrize("content", [CONTENT, CONTENT.replace(b"\n", b"\r\n"), CONTENT.rstrip() + b"\n\n\n"])
def test_whatever_the_kind_the_same_rows_are_the_same_training(
    run: Run, store: Store, content: bytes
) -> None:
    remote = store.put(content)
    pins = {key: getattr(remote, key) for key in ("sha256", "version", "etag") if getattr(remote, key)}
    head = "apiVersion: ftops/v1\nkind: FineTune\nmetadata: {name: NAME}\nspec:\n  model: gpt-4o-mini\n"
    there = json.dumps({"url": remote.url, **pins})
    (run.root / "jobs").mkdir()
    (run.root / "train.jsonl").write_bytes(CONTENT)
    for name, reference in (("a", "{path: ../train.jsonl}"), ("b", there)):
        text = f"{head.replace('NAME', name)}  training_file: {reference}\n"
        (run.root / "jobs" / f"{name}.yaml").write_text(text)
    (run.root / "ftops.yaml").write_text(
        "apiVersion: ftops/v1\nkind: Project\nmetadata: {name: p1}\nspec:\n  default_provider: local\n"
        "  providers:\n    local: {dialect: openai, base_url: 'emulator:.ftops/e.db'}\n"
    )
    fetcher = Fetcher(run.environ, Vault(), pause=lambda _: None)
    loaded = load(run.root, fetcher=fetcher)
    assert not loaded.data_problems
    assert loaded.fingerprints["a"] == loaded.fingerprints["b"]


@pytest.fixture
def bucket(moto: Mapping[str, str]) -> BucketStore:
    return BucketStore(moto, "etag")


def test_an_object_that_was_overwritten_is_read_by_its_version_alone(
    tmp_path: Path, moto: Mapping[str, str]
) -> None:
    run = Run(tmp_path, moto)
    for pin, words in (("etag", "was overwritten"), ("sha256", "does not match the pin")):
        bucket = BucketStore(moto, pin)
        remote = bucket.put(CONTENT)
        bucket.put(OTHER)
        assert words in (run.bring(remote) or "")
    bucket = BucketStore(moto, "version")
    remote = bucket.put(CONTENT)
    bucket.put(OTHER)
    assert run.bring(remote) is None
    assert run.copy(remote) == CONTENT


def test_a_blob_that_was_overwritten_is_not_the_pinned_one(tmp_path: Path, azure: Mapping[str, str]) -> None:
    run = Run(tmp_path, azure)
    for pin, words in (("etag", "was overwritten"), ("sha256", "does not match the pin")):
        container = ContainerStore(azure, pin)
        remote = container.put(CONTENT)
        container.put(OTHER)
        assert words in (run.bring(remote) or "")
        assert run.copy(remote) is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": "az://no-such-box/x", "etag": "e"}, "the bucket no-such-box does not exist"),
        ({"url": f"az://{CONTAINER}/no/such", "etag": "e"}, "it does not exist"),
        ({"url": f"az://{CONTAINER}/d/train.jsonl", "version": "v1"}, "reports no versions"),
    ],
)
def test_what_is_not_in_a_container_is_one_sentence(
    tmp_path: Path, azure: Mapping[str, str], changed: dict[str, str], words: str
) -> None:
    ContainerStore(azure, "etag").put(CONTENT)
    said = Run(tmp_path, azure).bring(Remote(**changed)) or ""
    assert words in said
    assert "\n" not in said


def test_a_blob_that_the_key_does_not_open_is_one_sentence(tmp_path: Path, azure: Mapping[str, str]) -> None:
    remote = ContainerStore(azure, "etag").put(CONTENT)
    wrong = {**azure, "AZURE_STORAGE_ACCOUNT_KEY": "b25lIG9mIG5vIHVzZQ=="}
    said = Run(tmp_path, wrong).bring(remote) or ""
    assert said.startswith(f"cannot read {remote.url}: ")
    assert "\n" not in said
    assert "b25lIG9m" not in said


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": "s3://no-such-bucket/x", "etag": "e"}, "the bucket no-such-bucket does not exist"),
        ({"url": "s3://versioned/no/such", "etag": "e"}, "it does not exist"),
    ],
)
def test_what_is_not_in_a_bucket_is_one_sentence(
    tmp_path: Path, bucket: BucketStore, changed: dict[str, str], words: str
) -> None:
    said = Run(tmp_path, bucket.environ).bring(Remote(**changed)) or ""
    assert words in said
    assert "\n" not in said


def test_an_unreachable_bucket_is_one_sentence(tmp_path: Path, bucket: BucketStore) -> None:
    environ = {**bucket.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    said = Run(tmp_path, environ).bring(Remote("s3://versioned/x", etag="e")) or ""
    assert said == "cannot read s3://versioned/x: its server refuses connections"


def test_in_ci_a_bucket_is_read_only_where_the_environment_names_it(
    tmp_path: Path, bucket: BucketStore
) -> None:
    remote = bucket.put(CONTENT)
    ci = {**bucket.environ, "CI": "1"}
    assert "in CI nothing is read from s3://versioned" in (Run(tmp_path, ci).bring(remote) or "")
    ci["FTOPS_ALLOWED_HOSTS"] = "api.example.com, s3://versioned"
    assert Run(tmp_path, ci).bring(remote) is None


@pytest.fixture
def hub() -> Iterator[FileServer]:
    with file_server() as server:
        yield server


@pytest.mark.parametrize(
    ("environ", "sent"),
    [
        ({"HF_TOKEN": "hf_canary_token"}, True),
        ({}, False),
        ({"HF_TOKEN": "hf_canary_token", "CI": "1"}, False),
        (
            {"HF_TOKEN": "hf_canary_token", "CI": "1", "FTOPS_ALLOWED_HOSTS": "hf://datasets/acme"},
            True,
        ),
    ],
)
def test_the_token_goes_to_the_hub_alone_and_in_ci_for_owners_that_are_named(
    tmp_path: Path, hub: FileServer, environ: dict[str, str], sent: bool
) -> None:
    with file_server() as store:
        store.put("/x", CONTENT)
        path = f"/datasets/acme/qa/resolve/{COMMIT}/t.jsonl"
        hub.put(path, b"", status=302, headers={"Location": f"{store.address}/x"})
        run = Run(tmp_path, {"HF_ENDPOINT": hub.address, **environ})
        run.bring(Remote(f"hf://datasets/acme/qa@{COMMIT}/t.jsonl"))
        (asked,) = (headers for _, headers in hub.asked)
        assert (asked.get("Authorization") == "Bearer hf_canary_token") is sent
        assert all("Authorization" not in headers for _, headers in store.asked)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "EntryNotFound", "the dataset acme/qa has no file t.jsonl at commit 5d5d5d5d5d5d"),
        (404, "RevisionNotFound", "the dataset acme/qa has no commit 5d5d5d5d5d5d"),
        (401, "RepoNotFound", "there is no dataset acme/qa, or it is private"),
        (403, "GatedRepo", "the dataset acme/qa is gated"),
        (401, "", "there is no dataset acme/qa, or it is private"),
        (404, "", "it does not exist"),
        (503, "", "answered with 503"),
    ],
)
def test_what_a_hub_refuses_is_one_sentence(
    tmp_path: Path, hub: FileServer, status: int, code: str, words: str
) -> None:
    told = {"X-Error-Code": code} if code else {}
    hub.put(f"/datasets/acme/qa/resolve/{COMMIT}/t.jsonl", b"", status=status, headers=told)
    run = Run(tmp_path, {"HF_ENDPOINT": hub.address})
    assert words in (run.bring(Remote(f"hf://datasets/acme/qa@{COMMIT}/t.jsonl")) or "")


def test_a_hub_that_sends_another_commit_or_other_bytes_is_not_believed(
    tmp_path: Path, hub: FileServer
) -> None:
    path, remote = (
        f"/datasets/acme/qa/resolve/{COMMIT}/t.jsonl",
        Remote(f"hf://datasets/acme/qa@{COMMIT}/t.jsonl"),
    )
    run = Run(tmp_path, {"HF_ENDPOINT": hub.address})
    hub.put(path, CONTENT, headers={"X-Repo-Commit": OTHER_COMMIT})
    assert "answered with commit 6e6e6e6e6e6e" in (run.bring(remote) or "")
    hub.put(path, CONTENT, headers={"X-Linked-Etag": f'"{sha256(OTHER)}"'})
    assert "arrived damaged" in (run.bring(remote) or "")
    assert run.copy(remote) is None


def test_a_private_file_that_has_come_whole_is_asked_for_again_with_the_token(
    tmp_path: Path, hub: FileServer
) -> None:
    hub.put(f"/datasets/acme/qa/resolve/{COMMIT}/t.jsonl", CONTENT)
    remote = Remote(f"hf://datasets/acme/qa@{COMMIT}/t.jsonl", sha256(CONTENT))
    run = Run(tmp_path, {"HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_canary_token"})
    (run.root / remote.folder).mkdir(parents=True)
    (run.root / remote.folder / "part").write_bytes(CONTENT)
    assert run.bring(remote) is None
    assert [headers.get("Authorization") for _, headers in hub.asked] == ["Bearer hf_canary_token"] * 2


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (302, {"Location": "https://[::1/x"}, "redirects to an address that is not https"),
        (302, {"Location": "https://[1.2.3]/x"}, "redirects to an address that is not https"),
        (206, {"Content-Range": f"bytes {'9' * 5000}-1/*"}, "sent a different part of the file"),
    ],
)
def test_what_an_odd_server_says_is_one_sentence(
    tmp_path: Path, hub: FileServer, status: int, headers: dict[str, str], words: str
) -> None:
    hub.put(f"/datasets/acme/qa/resolve/{COMMIT}/t.jsonl", b"", status=status, headers=headers)
    run = Run(tmp_path, {"HF_ENDPOINT": hub.address})
    assert words in (run.bring(Remote(f"hf://datasets/acme/qa@{COMMIT}/t.jsonl")) or "")


def test_a_file_that_is_too_large_is_not_kept(tmp_path: Path, hub: FileServer) -> None:
    hub.put(f"/datasets/acme/qa/resolve/{COMMIT}/t.jsonl", CONTENT)
    remote = Remote(f"hf://datasets/acme/qa@{COMMIT}/t.jsonl")
    fetcher = Fetcher({"HF_ENDPOINT": hub.address}, Vault(), most_bytes=100)
    failed = fetcher.bring(tmp_path, [remote], [remote])
    assert "it is larger than 0.0 MB" in str(failed[remote])


def test_a_server_that_sends_a_little_each_time_is_given_up_and_gone_on_with_by_the_next_run(
    tmp_path: Path, hub: FileServer
) -> None:
    path = f"/datasets/acme/qa/resolve/{COMMIT}/t.jsonl"
    hub.put(path, CONTENT, cuts=[10] * 2 * MOST_TRIES)
    run, remote = (
        Run(tmp_path, {"HF_ENDPOINT": hub.address}),
        Remote(f"hf://datasets/acme/qa@{COMMIT}/t.jsonl"),
    )
    assert run.bring(remote) is not None
    assert len(hub.asked) == MOST_TRIES
    hub.files[path].cuts.clear()
    assert run.bring(remote) is None
    assert hub.asked[-1][1]["Range"] == f"bytes={10 * MOST_TRIES}-"
    assert run.copy(remote) == CONTENT
