"""Object stores over real protocols: moto for S3, azurite for Azure, and a proxy that has bad days."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import obstore
import pytest
from obstore.exceptions import GenericError, PermissionDeniedError, UnauthenticatedError

from ftops.errors import LeaseLost, LockHeld, StateConflict, StateError, StateUncertain
from ftops.model.value import replace
from ftops.state.backend import Holder, Opening
from ftops.state.backends.object_errors import failure, write_failure
from ftops.state.backends.object_opening import LOCK_SECONDS, open_access
from ftops.state.backends.object_store import ObjectBackend, open_store, place_of
from ftops.state.features import BreaksLocks, ComparesClocks, ExplainsLocks, KeepsHistory, TookOver
from ftops.state.manager import StateManager
from ftops.state.registry import open_backend
from ftops.transport.bucket_errors import Place, shortened
from tests.services import Service, started
from tests.services.azurite import azurite
from tests.services.faulty_proxy import ALWAYS, Fault, FaultyProxy, faulty_proxy
from tests.services.moto_s3 import moto_s3

ME = Holder("me", "ann", "laptop", 1, "apply", 0.0)
OTHER = Holder("other", "bob", "runner", 2, "apply", 0.0)

# Nobody answers at the metadata service's address of these tests: never the real one.
NO_METADATA = {"AWS_METADATA_ENDPOINT": "http://127.0.0.1:1"}


@pytest.fixture(scope="module")
def moto() -> Iterator[Service]:
    yield from started("moto", moto_s3)


@pytest.fixture(scope="module")
def azure() -> Iterator[Service]:
    yield from started("azurite", azurite)


@pytest.fixture(scope="module")
def way(moto: Service) -> Iterator[FaultyProxy]:
    with faulty_proxy(moto) as proxy:
        yield proxy


@pytest.fixture
def proxy(way: FaultyProxy) -> FaultyProxy:
    way.heal()
    return way


@pytest.fixture(params=["moto", "azure"])
def service(request: pytest.FixtureRequest) -> Service:
    found: Service = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def key() -> str:
    return f"team/{uuid4().hex}/state.json"


def opened(service: Service, key: str, *, lease: float = 60.0, history: int = 10) -> ObjectBackend:
    return open_store(service.opening(key, lease=lease, history=history))


def opened_with(service: Service, key: str, **environ: str) -> ObjectBackend:
    opening = service.opening(key)
    return open_store(replace(opening, environ={**opening.environ, **environ}))


def keys_of(service: Service, key: str) -> set[str]:
    place = place_of(service.url(key))
    listed = open_access(place, service.environ, LOCK_SECONDS).listing(key.rpartition("/")[0], "list")
    return {found.key.removeprefix(key) for found in listed}


def written(backend: ObjectBackend, *states: bytes) -> str:
    found = backend.read()
    version = found.version if found else None
    for state in states:
        version = backend.write(state, version)
    assert version is not None
    return version


# What every store does


def test_a_state_is_written_on_the_version_that_was_read(service: Service, key: str) -> None:
    first, second = opened(service, key), opened(service, key)
    assert first.read() is None
    version = first.write(b"1", None)
    found = second.read()
    assert found is not None
    assert (found.data, found.version) == (b"1", version)
    newer = second.write(b"2", found.version)
    for stale in (None, version):
        with pytest.raises(StateConflict, match=r"was changed by another run since it was read"):
            first.write(b"3", stale)
    assert first.read() == second.read()
    assert first.write(b"3", newer) != newer


def test_a_state_of_25_mb_is_one_request(service: Service, key: str) -> None:
    backend, data = opened(service, key), os.urandom(1_000_000) * 25
    version = backend.write(data, None)
    found = backend.read()
    assert found is not None
    assert found.data == data
    backend.write(data[1:], version)


def test_our_own_bytes_found_in_place_are_our_own_write(service: Service, key: str) -> None:
    version = written(opened(service, key), b"1", b"2")
    assert opened(service, key).write(b"2", None) == version


def test_a_lock_is_held_by_one_and_free_after_its_release(service: Service, key: str) -> None:
    first, second = opened(service, key), opened(service, key)
    assert second.holder() is None
    lease = first.lock(ME, 0)
    lease.check()
    assert second.holder() == ME
    with pytest.raises(LockHeld, match="ann@laptop"):
        second.lock(OTHER, 0)
    lease.release()
    assert second.holder() is None
    with pytest.raises(LeaseLost):
        lease.check()
    following = second.lock(OTHER, 0)
    assert isinstance(following, TookOver)
    assert following.taken_from is None
    following.release()


def test_a_lease_is_renewed_while_its_holder_lives(moto: Service, key: str) -> None:
    service = moto
    lease = opened(service, key, lease=1.5).lock(ME, 0)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        lease.check()
        time.sleep(0.05)
    with pytest.raises(LockHeld):
        opened(service, key).lock(OTHER, 0)
    lease.release()


def test_a_lock_that_is_broken_by_a_person_is_lost_to_its_holder(service: Service, key: str) -> None:
    backend = opened(service, key, lease=1.0)
    lease = backend.lock(ME, 0)
    assert isinstance(backend, BreaksLocks)
    with pytest.raises(StateError, match="now held by another run"):
        backend.unlock(OTHER)
    backend.unlock(ME)
    successor = opened(service, key).lock(OTHER, 0)
    time.sleep(0.5)
    with pytest.raises(LeaseLost):
        lease.check()
    lease.release()
    successor.check()
    assert backend.holder() == OTHER
    successor.release()


def test_a_lease_compares_our_clock_with_the_stores(service: Service, key: str) -> None:
    lease = opened(service, key).lock(ME, 0)
    assert isinstance(lease, ComparesClocks)
    assert lease.clock_ahead is not None
    assert abs(lease.clock_ahead) < 3
    lease.release()


def test_one_copy_a_run_is_kept_and_only_the_newest_ones(service: Service, key: str) -> None:
    backend = opened(service, key, history=2)
    version = written(backend, b"0", b"1")
    for run in range(2, 6):
        backend.lock(ME, 0).release()
        version = backend.write(b"%d" % run, version)
        version = backend.write(b"%d again" % run, version)
    assert isinstance(backend, KeepsHistory)
    copies = [backend.earlier(copy.name) for copy in backend.history()]
    assert sorted(copies) == [b"3 again", b"4 again"]
    assert all(copy.size == 7 for copy in backend.history())
    assert all(copy.name.startswith("2") for copy in backend.history())
    assert abs(backend.history()[0].written_at - time.time()) < 60
    last = backend.history()[0].name
    assert backend.earlier(last) == backend.earlier(f"{backend.location}.history/{last}")


@pytest.mark.parametrize("name", ["", "../state.json", "20260101T000000Z-00000000", "nonsense"])
def test_a_copy_that_is_none_is_refused(moto: Service, key: str, name: str) -> None:
    backend = opened(moto, key)
    written(backend, b"1")
    with pytest.raises(StateError, match="has no earlier version"):
        backend.earlier(name)


def test_no_copies_are_made_where_none_are_wanted(moto: Service, key: str) -> None:
    backend = opened(moto, key, history=0)
    written(backend, b"1", b"2", b"3")
    assert keys_of(moto, key) == {"", ".probe"}


def test_the_present_is_copied_before_a_stale_write_is_refused(moto: Service, key: str) -> None:
    version = written(opened(moto, key), b"1")
    written(opened(moto, key), b"2")
    with pytest.raises(StateConflict):
        opened(moto, key).write(b"3", version)


def test_a_bucket_that_is_not_there_is_no_new_project(service: Service, key: str) -> None:
    missing = replace(service, prefix=service.prefix.replace("ftops-states", "no-such-place"))
    backend = opened(missing, key)
    for doing in (
        backend.read,
        lambda: backend.lock(ME, 0),
        lambda: backend.write(b"1", None),
        backend.history,
        backend.holder,
    ):
        with pytest.raises(StateError, match="the bucket no-such-place does not exist") as told:
            doing()
        assert type(told.value) is StateError
        assert told.value.hint


def test_a_key_at_the_top_of_its_bucket_works(service: Service) -> None:
    for key in (uuid4().hex, "x", ".hidden", "ä ö%20+&.json"):
        backend = opened(service, key)
        assert backend.read() is None
        backend.lock(ME, 0).release()
        version = written(backend, b"1")
        version = backend.write(b"2", version)
        assert backend.history() == []
        backend.lock(ME, 0).release()
        backend.write(b"3", version)
        assert len(backend.history()) == 1


def test_the_manager_works_on_it(service: Service, key: str) -> None:
    manager = StateManager(open_backend(service.opening(key)), "p", new_lineage=lambda: "l")
    lease = manager.lock(ME, 0)
    state = manager.write(manager.read())
    assert manager.write(state).serial == 2
    lease.release()


def test_it_names_its_place_its_history_and_how_its_lock_comes_free(moto: Service, key: str) -> None:
    backend = opened(moto, key, lease=90)
    assert backend.location == moto.url(key)
    assert "ftops state history" in backend.recovery
    assert "ftops state restore" in backend.recovery
    assert isinstance(backend, ExplainsLocks)
    assert "90 s" in backend.explain_lock()


# Runs that end badly

_HOLD = """
import sys
from ftops.state.backend import Holder
from tests.services import Service
from tests.unit.state.test_object_store import OTHER, opened
service = Service("child", sys.argv[1], dict(item.split("=", 1) for item in sys.argv[3:]))
lease = opened(service, sys.argv[2], lease=1.2).lock(OTHER, 0)
print("held", flush=True)
for line in sys.stdin:
    try:
        lease.check()
        print("ours", flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
"""


@pytest.fixture
def child(service: Service, key: str) -> Iterator[subprocess.Popen[str]]:
    environ = [f"{name}={value}" for name, value in service.environ.items()]
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, service.prefix, key, *environ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert _line(process) == "held"
    yield process
    process.kill()
    process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return _line(process)


def test_a_killed_run_is_taken_over_after_its_lease_and_a_paused_one_knows_it(
    service: Service, key: str, child: subprocess.Popen[str]
) -> None:
    assert _ask(child) == "ours"
    child.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    lease = opened(service, key).lock(ME, 20)
    assert time.monotonic() - began >= 2.2
    assert isinstance(lease, TookOver)
    assert lease.taken_from == OTHER
    child.send_signal(signal.SIGCONT)
    assert _ask(child) == "LeaseLost"
    lease.check()
    lease.release()
    assert _ask(child) == "LeaseLost"


def test_a_paused_run_loses_its_lease_even_if_nobody_took_it(moto: Service, key: str, tmp_path: Path) -> None:
    environ = [f"{name}={value}" for name, value in moto.environ.items()]
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, moto.prefix, key, *environ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    try:
        assert _line(process) == "held"
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.3)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.4)
        assert _ask(process) == "LeaseLost"
    finally:
        process.kill()
        process.communicate()


def test_of_many_that_want_the_lock_at_once_one_gets_it(service: Service, key: str) -> None:
    taken: list[object] = []

    def want() -> None:
        try:
            taken.append(opened(service, key).lock(ME, 0))
        except LockHeld as held:
            taken.append(held)

    threads = [threading.Thread(target=want) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    leases = [one for one in taken if not isinstance(one, LockHeld)]
    assert len(taken) == 6
    assert len(leases) == 1
    leases[0].release()  # type: ignore[attr-defined]


# Bad days


def test_a_state_whose_reply_was_lost_and_that_was_sent_again_is_recognised(
    proxy: FaultyProxy, key: str
) -> None:
    backend = opened(proxy.service, key)
    version = written(backend, b"1")
    fault = proxy.inject(Fault("PUT", "state.json", lose_reply=True))
    assert backend.write(b"2", version) != version
    assert fault.times == 0


def test_a_state_whose_outcome_is_unknown_is_uncertain_and_the_manager_recognises_it(
    proxy: FaultyProxy, key: str
) -> None:
    backend = opened(proxy.service, key)
    version = written(backend, b"1")
    proxy.inject(Fault("PUT", "state.json", lose_reply=True))
    down = proxy.inject(Fault("PUT", "state.json", status=503, code="SlowDown", times=ALWAYS))
    with pytest.raises(
        StateUncertain, match=r"and it is unknown whether it was done: its server answers 503 \(SlowDown\)"
    ):
        backend.write(b"2", version)
    down.times = 0
    manager = StateManager(opened(proxy.service, key + "2"), "p", new_lineage=lambda: "l")
    state = manager.write(manager.read())
    proxy.inject(Fault("PUT", "state.json2", lose_reply=True, times=3))
    assert manager.write(state).serial == 2


def test_a_refused_state_is_a_plain_error_that_names_what_to_allow(proxy: FaultyProxy, key: str) -> None:
    backend = opened(proxy.service, key)
    version = written(backend, b"1")
    proxy.inject(Fault("PUT", status=403, code="AccessDenied", times=ALWAYS))
    again = opened(proxy.service, key, history=0)
    assert again.read() is not None
    for refused in (lambda: again.write(b"2", version), lambda: again.lock(ME, 0)):
        with pytest.raises(StateError, match="the credentials may read but not write") as told:
            refused()
        assert type(told.value) is StateError
        assert "s3:PutObject" in (told.value.hint or "")
    proxy.heal()
    found = backend.read()
    assert found is not None
    assert found.data == b"1"


def test_a_copy_that_cannot_be_made_stops_the_write(proxy: FaultyProxy, key: str) -> None:
    version = written(opened(proxy.service, key), b"1")
    proxy.inject(Fault("PUT", part=".history/", status=403, code="AccessDenied", times=ALWAYS))
    backend = opened(proxy.service, key)
    with pytest.raises(StateError, match="nothing was written") as told:
        backend.write(b"2", version)
    assert "spec.state.history to 0" in (told.value.hint or "")
    found = backend.read()
    assert found is not None
    assert found.data == b"1"


def test_copies_that_cannot_be_pruned_do_not_stop_the_write(proxy: FaultyProxy, key: str) -> None:
    version = written(opened(proxy.service, key), b"1")
    proxy.inject(Fault("DELETE", status=403, code="AccessDenied", times=ALWAYS))
    for state in (b"2", b"3"):
        version = opened(proxy.service, key, history=1).write(state, version)
    assert len(opened(proxy.service, key).history()) == 2
    proxy.heal()
    opened(proxy.service, key, history=1).write(b"4", version)
    assert len(opened(proxy.service, key).history()) == 1


def test_a_store_that_ignores_conditions_is_refused_before_anything_else_is_written(
    proxy: FaultyProxy, key: str
) -> None:
    proxy.inject(Fault("PUT", ignore_conditions=True, times=ALWAYS))
    backend = opened(proxy.service, key)
    for doing in (lambda: backend.lock(ME, 0), lambda: backend.write(b"1", None)):
        with pytest.raises(StateError, match="ignores conditions: two runs could both create jobs"):
            doing()
    assert keys_of(proxy.service, key) == {".probe"}


def test_a_store_that_does_not_know_conditions_is_refused(proxy: FaultyProxy, key: str) -> None:
    proxy.inject(Fault("PUT", status=501, code="NotImplemented", times=ALWAYS))
    with pytest.raises(StateError, match=r"501 \(NotImplemented\)"):
        opened(proxy.service, key).lock(ME, 0)


def test_the_proof_takes_two_requests_once_its_object_is_there(proxy: FaultyProxy, key: str) -> None:
    backend = opened(proxy.service, key)
    backend.lock(ME, 0).release()
    proxy.heal()
    backend.lock(ME, 0).release()
    assert sum(path.endswith(".probe") for _, path in proxy.seen) == 2
    assert len(proxy.seen) == 6


def test_a_lock_whose_reply_was_lost_is_ours(proxy: FaultyProxy, key: str) -> None:
    proxy.inject(Fault("PUT", ".lock", lose_reply=True, times=3))
    lease = opened(proxy.service, key).lock(ME, 0)
    lease.check()
    lease.release()
    opened(proxy.service, key).lock(OTHER, 0).release()


def test_beats_whose_replies_are_lost_do_not_lose_the_lease(proxy: FaultyProxy, key: str) -> None:
    lease = opened(proxy.service, key, lease=1.5).lock(ME, 0)
    fault = proxy.inject(Fault("PUT", ".lock", lose_reply=True, times=2))
    end = time.monotonic() + 2
    while time.monotonic() < end:
        lease.check()
        time.sleep(0.05)
    assert fault.times == 0
    lease.release()
    assert opened(proxy.service, key).holder() is None


def test_a_holder_whose_beats_do_not_arrive_gives_up_before_another_one_takes_over(
    proxy: FaultyProxy, moto: Service, key: str
) -> None:
    lease = opened(proxy.service, key, lease=1.0).lock(ME, 0)
    proxy.inject(Fault("PUT", ".lock", status=500, times=ALWAYS))
    following = opened(moto, key).lock(OTHER, 10)
    with pytest.raises(LeaseLost):
        lease.check()
    following.check()
    lease.release()
    following.check()
    following.release()


def test_a_state_that_comes_between_two_looks_is_read(proxy: FaultyProxy, moto: Service, key: str) -> None:
    proxy.inject(Fault("GET", "state.json", status=404, code="NoSuchKey"))
    written(opened(moto, key), b"1")
    found = opened(proxy.service, key).read()
    assert found is not None
    assert found.data == b"1"


def test_a_state_that_is_listed_but_not_given_is_no_new_project(
    proxy: FaultyProxy, moto: Service, key: str
) -> None:
    written(opened(moto, key), b"1")
    proxy.inject(Fault("GET", "state.json", status=404, code="NoSuchKey", times=ALWAYS))
    with pytest.raises(StateError, match="listed but cannot be read"):
        opened(proxy.service, key).read()


def test_a_bucket_that_may_not_be_listed_is_no_new_project(proxy: FaultyProxy, key: str) -> None:
    proxy.inject(Fault("GET", "ftops-states", status=403, code="AccessDenied", times=ALWAYS))
    with pytest.raises(StateError, match="the credentials do not allow it") as told:
        opened(proxy.service, key).read()
    assert "s3:ListBucket" in (told.value.hint or "")


@pytest.mark.parametrize(
    ("status", "code", "says", "advises"),
    [
        (
            403,
            "InvalidAccessKeyId",
            r"the credentials are refused \(InvalidAccessKeyId\)",
            "AWS_ACCESS_KEY_ID",
        ),
        (403, "SignatureDoesNotMatch", r"refused \(SignatureDoesNotMatch\)", "AWS_SECRET_ACCESS_KEY"),
        (400, "ExpiredToken", r"refused \(ExpiredToken\)", "AWS_ACCESS_KEY_ID"),
        (403, "RequestTimeTooSkewed", "clock is too far from the store's", "NTP"),
        (403, "AccessDenied", "do not allow it", "s3:GetObject"),
        (404, "NoSuchBucket", "the bucket ftops-states does not exist", "create it"),
        (301, "PermanentRedirect", "is in another region", "AWS_REGION"),
        (400, "AuthorizationHeaderMalformed", "is in another region", "AWS_REGION"),
        (500, "InternalError", r"answers 500 \(InternalError\)", "run ftops again"),
        (400, "KMS.DisabledException", "answers 400", "documentation"),
    ],
)
def test_every_answer_has_its_sentence(
    proxy: FaultyProxy, key: str, status: int, code: str, says: str, advises: str
) -> None:
    proxy.inject(Fault("GET", status=status, code=code, times=ALWAYS))
    with pytest.raises(StateError, match=rf"^cannot read the state s3://ftops-states/\S+: .*{says}") as told:
        opened(proxy.service, key).read()
    assert advises in (told.value.hint or "")
    assert "\n" not in told.value.message


def test_wrong_keys_of_azure_are_told(azure: Service, key: str) -> None:
    backend = opened_with(azure, key, AZURE_STORAGE_ACCOUNT_KEY="bm90IHRoZSBrZXk=")
    with pytest.raises(StateError, match="the credentials are refused"):
        backend.read()


# The way to a store


def test_an_endpoint_that_refuses_connections_is_told_soon(moto: Service, key: str) -> None:
    backend = opened_with(moto, key, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    began = time.monotonic()
    with pytest.raises(StateError, match="its server refuses connections") as told:
        backend.read()
    assert time.monotonic() - began < 10
    assert "AWS_ENDPOINT_URL" in (told.value.hint or "")
    backend._proven = True
    with pytest.raises(StateUncertain):
        backend.write(b"1", None)


def test_an_endpoint_without_a_name_is_told(moto: Service, key: str) -> None:
    with pytest.raises(StateError, match="name of its server cannot be resolved"):
        opened_with(moto, key, AWS_ENDPOINT_URL_S3="http://nowhere.invalid:9000").read()


def test_an_endpoint_that_speaks_no_tls_is_told(moto: Service, key: str) -> None:
    # A listener that answers a handshake with plain words.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_plainly, args=(listener,), daemon=True).start()
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(StateError, match=r"no safe connection \(TLS\)") as told:
            opened_with(moto, key, AWS_ENDPOINT_URL=address).read()
    assert "AWS_CA_BUNDLE" in (told.value.hint or "")


def _answer_plainly(listener: socket.socket) -> None:
    try:
        while True:
            connection, _ = listener.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.recv(1000)
            connection.close()
    except OSError:
        return


def test_a_server_that_never_answers_is_given_up(moto: Service, key: str) -> None:
    place = place_of(moto.url(key))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environ = {**moto.environ, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        access = open_access(place, environ, 0.3)
        with pytest.raises(StateError, match="does not answer in time"):
            access.get(key)
        with pytest.raises(StateUncertain, match="does not answer in time"):
            access.put(key, b"1", None)


def test_no_credentials_are_told_as_that(moto: Service, key: str) -> None:
    environ = {"AWS_ENDPOINT_URL": moto.environ["AWS_ENDPOINT_URL"], **NO_METADATA}
    backend = open_store(replace(moto.opening(key), environ=environ))
    for doing in (backend.read, lambda: backend.lock(ME, 0)):
        with pytest.raises(StateError, match="no credentials were found") as told:
            doing()
        assert type(told.value) is StateError
        assert "AWS_ACCESS_KEY_ID" in (told.value.hint or "")


def test_no_credentials_of_azure_are_told_as_that(azure: Service, key: str) -> None:
    environ = {
        "AZURE_STORAGE_ACCOUNT": "devstoreaccount1",
        "AZURE_ENDPOINT": azure.environ["AZURE_STORAGE_ENDPOINT"],
        "AZURE_IDENTITY_ENDPOINT": "http://127.0.0.1:1/metadata/identity/oauth2/token",
    }
    with pytest.raises(StateError, match="no credentials were found") as told:
        open_store(replace(azure.opening(key), environ=environ)).read()
    assert "AZURE_STORAGE_ACCOUNT_KEY" in (told.value.hint or "")


# Opening


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3://bucket",
        "s3://bucket/",
        "s3:///key",
        "s3://bucket/a//b",
        "s3://bucket/a/",
        "s3://bucket/../b",
        "s3://user:hunter2@bucket/key",
        "s3://bucket/key?token=hunter2",
        "s3://bucket/key#hunter2",
        "s3://bucket:9000/key",
        "gs://bucket/a\nb",
        "az://container",
    ],
)
def test_a_url_that_names_no_object_is_refused_without_being_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="does not name an object") as told:
        open_backend(Opening(url, tmp_path, "p", {}))
    assert "hunter2" not in f"{told.value.message}{told.value.hint}"
    assert "for example" in (told.value.hint or "")


@pytest.mark.parametrize(
    ("url", "environ", "says"),
    [
        ("s3://bucket/key", {"AWS_ENDPOINT_URL": "nonsense"}, "AWS_ENDPOINT_URL is not the address"),
        (
            "s3://bucket/key",
            {"AWS_ENDPOINT_URL": "http://u:hunter2@h"},
            "AWS_ENDPOINT_URL is not the address",
        ),
        ("s3://bucket/key", {"AWS_ENDPOINT_URL_S3": "http://h:x"}, "AWS_ENDPOINT_URL_S3 is not the address"),
        ("s3://bucket/key", {"AWS_ACCESS_KEY_ID": "a"}, "Missing SecretAccessKey"),
        ("s3://bucket/key", {"AWS_CA_BUNDLE": "/nonexistent"}, "AWS_CA_BUNDLE names cannot be read"),
        ("az://container/key", {}, "no storage account is named"),
        ("az://container/key", {"AZURE_ENDPOINT": "x"}, "AZURE_ENDPOINT is not the address"),
        (
            "gs://bucket/key",
            {"GOOGLE_SERVICE_ACCOUNT": "/nonexistent"},
            "Unable to open service account file",
        ),
        ("gs://bucket/key", {"GOOGLE_SERVICE_ACCOUNT_KEY": "hunter2"}, "service account"),
    ],
)
def test_an_environment_that_cannot_work_is_told_at_once(
    url: str, environ: dict[str, str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(StateError, match=says) as told:
        open_store(Opening(url, tmp_path, "p", environ))
    assert "hunter2" not in f"{told.value.message}{told.value.hint}"


def test_conditions_cannot_be_switched_off_and_a_named_bucket_does_not_count(moto: Service, key: str) -> None:
    environ = {
        "AWS_CONDITIONAL_PUT": "disabled",
        "AWS_BUCKET": "another",
        "AWS_UNKNOWN": "x",
        "AWS_REGION": "",
    }
    opened_with(moto, key, **environ).lock(ME, 0).release()
    assert keys_of(moto, key) == {".lock", ".probe"}


def test_the_environment_of_the_process_neither_leads_elsewhere_nor_switches_conditions_off(
    moto: Service, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """obstore reads it beside what it is told."""
    for name, text in {
        "AWS_CONDITIONAL_PUT": "disabled",
        "AWS_BUCKET": "another",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_SECRET_ACCESS_KEY": "another",
    }.items():
        monkeypatch.setenv(name, text)
    opened(moto, key).lock(ME, 0).release()
    assert keys_of(moto, key) == {".lock", ".probe"}


def test_the_endpoint_for_s3_alone_comes_first(moto: Service, key: str) -> None:
    environ = {
        "AWS_ENDPOINT_URL_S3": moto.environ["AWS_ENDPOINT_URL"],
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    assert opened_with(moto, key, **environ).read() is None


def test_google_is_opened_without_a_request(tmp_path: Path) -> None:
    backend = open_store(Opening("GS://bucket/a/key", tmp_path, "p", {"GOOGLE_BEARER_TOKEN": "t"}))
    assert backend.location == "gs://bucket/a/key"


def test_google_is_spoken_to_at_the_address_of_the_environment(tmp_path: Path) -> None:
    environ = {"GOOGLE_BEARER_TOKEN": "t", "GOOGLE_BASE_URL": "http://127.0.0.1:1"}
    backend = open_store(Opening("gs://bucket/a/key", tmp_path, "p", environ))
    with pytest.raises(StateError, match="refuses connections"):
        backend.lock(ME, 0)


# What no server here says


@pytest.mark.parametrize(
    ("scheme", "error", "says"),
    [
        (
            "gs",
            GenericError("status code: 400 Bad Request: invalid_grant: Invalid JWT: check your iat and exp"),
            "clock",
        ),
        (
            "gs",
            GenericError("performing GET http://metadata.google.internal/computeMetadata/v1/x"),
            "no credentials",
        ),
        ("gs", FileNotFoundError("404: The specified bucket does not exist."), "the bucket b does not exist"),
        ("az", UnauthenticatedError("status code: 401"), "refused"),
        ("az", PermissionDeniedError("403 <Code>AuthorizationPermissionMismatch</Code>"), "do not allow"),
        (
            "s3",
            GenericError("performing PUT http://169.254.169.254/latest/api/token in 5s"),
            "no credentials",
        ),
        ("s3", GenericError("HTTP error: error sending request kind: Body"), "broke"),
        ("s3", GenericError("strange\n\nDebug"), "strange$"),
        ("s3", GenericError("s" * 5000), r"s\.\.\.$"),
    ],
)
def test_what_no_server_here_says_has_its_sentence_too(scheme: str, error: Exception, says: str) -> None:
    told = failure(Place(scheme, "b", "k"), "read the state", error)
    assert says.rstrip("$") in told.message or says.startswith("s")
    assert len(told.message) < 300
    assert "\n" not in told.message
    assert told.hint


def test_an_address_with_a_signature_is_never_repeated() -> None:
    error = GenericError(
        "Error performing PUT https://a.blob.core.windows.net/c/k?sig=hunter2 - odd\n\nDebug: sig=hunter2"
    )
    told = write_failure(Place("az", "c", "k"), "write the state", error, may_read=False)
    assert isinstance(told, StateUncertain)
    assert "hunter2" not in f"{told.message}{told.hint}{shortened(error)}"


def test_a_refusal_after_a_try_that_may_have_arrived_is_uncertain() -> None:
    place = Place("s3", "b", "k")
    once = PermissionDeniedError("status code: 403 retries: 0,")
    again = PermissionDeniedError("status code: 403 retries: 1,")
    assert type(write_failure(place, "write", once, may_read=False)) is StateError
    assert type(write_failure(place, "write", again, may_read=False)) is StateUncertain


def test_obstore_names_the_number_of_tries_in_its_errors(proxy: FaultyProxy, key: str) -> None:
    """`write_failure` reads it there."""
    proxy.inject(Fault("PUT", status=403, code="AccessDenied"))
    store = open_access(place_of(proxy.service.url(key)), proxy.service.environ, 5)._store
    with pytest.raises(PermissionDeniedError, match="retries: 0,"):
        obstore.put(store, key, b"1", mode="create", use_multipart=False)
