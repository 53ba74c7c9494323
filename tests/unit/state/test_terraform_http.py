from __future__ import annotations

import multiprocessing
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ftops.errors import FtopsError, LeaseLost, LockHeld, Refused, StateConflict, StateError, StateUncertain
from ftops.model.value import replace
from ftops.state.backend import Holder, Opening
from ftops.state.backends.http_requests import Account, Requests, proxy_for
from ftops.state.backends.terraform_http import TerraformHttpBackend, open_store
from ftops.state.features import BreaksLocks, ComparesClocks, ExplainsLocks
from ftops.state.manager import StateManager
from tests.services import started
from tests.services.http_state import PASSWORD, USER, Controls, HttpState, Kept, http_state

ME = Holder("me-1", "me", "here", 7, "apply", 0.0, "https://ci.example/run/1")
OTHER = Holder("other-1", "other", "there", 8, "apply", 0.0)


def document(serial: int, text: str = "") -> bytes:
    return b'{"serial": %d, "lineage": "l", "text": "%s"}' % (serial, text.encode())


class Place:
    """One fresh state on the server, in one of the two shapes."""

    def __init__(self, service: HttpState, shape: str) -> None:
        self.service = service
        self.controls: Controls = service.controls
        key = f"k{len(self.controls.states)}"
        self.key = f"gitlab/{key}" if shape == "gitlab" else key
        self.opening = service.gitlab(key) if shape == "gitlab" else service.opening(key)
        self.lock_method, self.unlock_method = ("POST", "DELETE") if shape == "gitlab" else ("LOCK", "UNLOCK")
        if shape == "plain":
            self.controls.kept(key)

    def client(self) -> TerraformHttpBackend:
        return open_store(self.opening)

    @property
    def kept(self) -> Kept:
        return self.controls.kept(self.key)

    def broken_by_somebody(self) -> None:
        self.kept.lock = None

    def taken_by_somebody(self, lock_id: str = "terraform-1") -> None:
        self.kept.lock = {
            "ID": lock_id,
            "Operation": "OperationTypeApply",
            "Info": "",
            "Who": "ann@laptop",
            "Version": "1.11.4",
            "Created": "2026-01-02T03:04:05.123456789Z",
            "Path": "",
        }


@pytest.fixture(scope="module")
def service() -> Iterator[HttpState]:
    for running in started("http", http_state):
        assert isinstance(running, HttpState)
        yield running


@pytest.fixture(autouse=True)
def healed(service: HttpState) -> Iterator[None]:
    yield
    controls = service.controls
    assert controls.faults == []
    controls.ignores_locks = controls.silent = controls.dateless = controls.lax = False


@pytest.fixture(params=["plain", "gitlab"])
def place(service: HttpState, request: pytest.FixtureRequest) -> Place:
    return Place(service, request.param)


@pytest.fixture
def plain(service: HttpState) -> Place:
    return Place(service, "plain")


@pytest.fixture
def gitlab(service: HttpState) -> Place:
    return Place(service, "gitlab")


def _no_secret(error: FtopsError) -> None:
    assert PASSWORD not in f"{error.message} {error.hint}"
    assert "\n" not in error.message


def test_a_state_is_read_as_it_was_written(place: Place) -> None:
    assert place.client().read() is None
    version = place.client().write(document(1), None)
    stored = place.client().read()
    assert stored is not None
    assert (stored.data, stored.version) == (document(1), version)
    assert place.kept.lock is None


def test_a_write_on_an_old_version_changes_nothing(place: Place) -> None:
    first = place.client().write(document(1), None)
    second = place.client().write(document(2), first)
    for stale in (None, first):
        with pytest.raises(StateConflict):
            place.client().write(document(3), stale)
    assert place.kept.latest() == document(2)
    assert place.client().write(document(2), first) == second
    assert place.kept.lock is None


def test_a_write_under_a_lease_uses_its_lock(place: Place) -> None:
    client = place.client()
    lease = client.lock(ME, 0)
    client.write(document(2), client.write(document(1), None))
    lease.check()
    with pytest.raises(LockHeld, match="me@here" if place.key[0] == "k" else "robot"):
        _impatient(place).write(document(3), None)
    lease.release()
    assert place.kept.latest() == document(2)


def _impatient(place: Place) -> TerraformHttpBackend:
    """A client for which the time flies."""
    client, now = place.client(), [0.0]
    sleeps = client._patience
    client._patience = replace(
        sleeps, monotonic=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds + 5)
    )
    return client


def test_a_lock_is_refused_until_it_is_released(place: Place) -> None:
    lease = place.client().lock(ME, 0)
    lease.check()
    with pytest.raises(LockHeld) as refused:
        place.client().lock(OTHER, 0)
    holder = place.client().holder()
    assert holder is not None
    assert f"`ftops state unlock {holder.id}`" in (refused.value.hint or "")
    lease.release()
    lease.release()
    with pytest.raises(LeaseLost, match="released"):
        lease.check()
    assert place.client().holder() is None
    place.client().lock(OTHER, 0).release()
    assert place.kept.lock is None


def test_a_server_that_keeps_our_words_gives_them_all_back(plain: Place) -> None:
    plain.client().lock(ME, 0)
    assert plain.client().holder() == ME


def test_gitlab_echoes_the_asker_and_is_not_believed(gitlab: Place) -> None:
    lease = gitlab.client().lock(ME, 0)
    holder = gitlab.client().holder()
    assert holder is not None
    assert (holder.id, holder.who, holder.pid, holder.operation) == (lease.id, USER, 0, "unknown operation")
    assert abs(holder.since - time.time()) < 60


def test_a_lock_of_terraform_is_understood_and_can_be_broken(plain: Place) -> None:
    plain.taken_by_somebody()
    client = plain.client()
    holder = client.holder()
    assert holder == Holder("terraform-1", "ann", "laptop", 0, "OperationTypeApply", 1767323045.123456)
    with pytest.raises(LockHeld, match="ann@laptop"):
        client.lock(ME, 0)
    client.unlock(holder)
    assert plain.kept.lock is None


def test_only_the_lock_of_that_holder_is_broken(place: Place) -> None:
    client = place.client()
    first = client.lock(ME, 0)
    gone = client.holder()
    assert gone is not None
    client.unlock(gone)
    client.unlock(gone)
    with pytest.raises(LeaseLost):
        first.check()
    second = client.lock(OTHER, 0)
    with pytest.raises(StateError, match="not by"):
        client.unlock(gone)
    second.check()


def test_a_waiting_run_gets_the_lock_when_it_comes_free(place: Place) -> None:
    lease = place.client().lock(ME, 0)
    waiting = place.client()
    waiting._patience = replace(waiting._patience, pause=0.05)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(waiting.lock, OTHER, 10)
        time.sleep(0.2)
        assert not second.done()
        lease.release()
        second.result().check()


def test_a_look_of_somebody_else_refuses_nobody_the_lock(place: Place) -> None:
    place.taken_by_somebody("00000000-0000-4a3f-4a3f-0123456789ab")
    client = place.client()
    client._patience = replace(client._patience, sleep=lambda _seconds: place.broken_by_somebody())
    client.lock(ME, 0).check()


def test_a_lock_broken_by_somebody_is_lost_for_ever(place: Place) -> None:
    lease = place.client().lock(ME, 0)
    ours = dict(place.kept.lock or {})
    place.broken_by_somebody()
    with pytest.raises(LeaseLost, match="broken"):
        lease.check()
    assert place.kept.lock is None
    place.kept.lock = ours
    with pytest.raises(LeaseLost, match="broken"):
        lease.check()


def test_a_lock_taken_by_somebody_is_lost_and_left_alone(place: Place) -> None:
    lease = place.client().lock(ME, 0)
    place.taken_by_somebody()
    with pytest.raises(LeaseLost, match="ann@laptop"):
        lease.check()
    lease.release()
    assert place.kept.lock is not None


def test_releasing_a_lock_that_went_to_somebody_unnoticed_frees_nothing(place: Place) -> None:
    place.controls.lax = True
    lease = place.client().lock(ME, 0)
    place.broken_by_somebody()
    successor = place.client().lock(ME, 0)
    lease.release()
    successor.check()


def test_a_lock_that_cannot_be_proven_is_lost_for_ever_but_given_back(place: Place) -> None:
    lease = place.client().lock(ME, 0)
    place.controls.arm(place.lock_method, "503", 2)
    for _ in range(2):
        with pytest.raises(LeaseLost, match="cannot be proven"):
            lease.check()
    lease.release()
    assert place.kept.lock is None


def test_one_lost_reply_does_not_lose_a_lease(place: Place) -> None:
    lease = place.client().lock(ME, 0)
    place.controls.arm(place.lock_method, "drop-after")
    lease.check()
    place.broken_by_somebody()
    place.controls.arm(place.lock_method, "drop-after")
    with pytest.raises(LeaseLost):
        lease.check()
    assert place.kept.lock is None


def test_what_was_done_can_be_recorded_after_a_lease_that_could_not_be_proven(place: Place) -> None:
    client = place.client()
    lease = client.lock(ME, 0)
    place.controls.arm(place.lock_method, "503", 2)
    with pytest.raises(LeaseLost):
        lease.check()
    client.write(document(1), None)
    with pytest.raises(LeaseLost):
        lease.check()
    lease.release()


def test_a_server_that_grants_its_lock_twice_is_refused(place: Place) -> None:
    place.controls.ignores_locks = True
    with pytest.raises(StateError, match="grants its lock twice"):
        place.client().lock(ME, 0)
    with pytest.raises(StateError, match="grants its lock twice"):
        place.client().write(document(1), None)
    assert place.kept.latest() is None


def test_a_server_that_does_not_tell_who_holds_the_lock_is_refused(plain: Place) -> None:
    plain.controls.silent = True
    with pytest.raises(StateError, match="does not tell truly"):
        plain.client().lock(ME, 0)
    assert plain.kept.lock is None
    plain.taken_by_somebody()
    with pytest.raises(LockHeld, match="another run"):
        plain.client().lock(ME, 0)
    assert plain.client().holder() is not None


@pytest.mark.parametrize("status", ["404", "405", "501", "400"])
def test_a_server_without_locks_is_refused(place: Place, status: str) -> None:
    place.controls.arm(place.lock_method, status)
    with pytest.raises(StateError, match="does not lock"):
        place.client().lock(ME, 0)


@pytest.mark.parametrize("fault", ["drop-after", "error-after"])
def test_a_lock_whose_reply_was_lost_is_recognised(place: Place, fault: str) -> None:
    place.controls.arm(place.lock_method, fault)
    lease = place.client().lock(ME, 0)
    lease.check()
    lease.release()
    assert place.kept.lock is None


def test_a_lock_that_failed_leaves_none_behind(place: Place) -> None:
    place.controls.arm(place.lock_method, "503")
    with pytest.raises(StateError, match="503") as failed:
        place.client().lock(ME, 0)
    assert not isinstance(failed.value, StateUncertain)
    assert place.kept.lock is None
    place.controls.arm(place.lock_method, "503")
    place.taken_by_somebody()
    with pytest.raises(LockHeld):
        place.client().lock(ME, 0)


def test_a_release_is_tried_twice_and_says_what_it_left(place: Place) -> None:
    told: list[str] = []
    client = open_store(replace(place.opening, tell=told.append))
    lease = client.lock(ME, 0)
    place.controls.arm(place.unlock_method, "403")
    lease.release()
    assert not told
    assert place.kept.lock is None
    lease = client.lock(ME, 0)
    place.controls.arm(place.unlock_method, "403", 2)
    lease.release()
    left = place.client().holder()
    assert left is not None
    assert f"`ftops state unlock {left.id}`" in told[0]


def test_an_unlock_whose_reply_was_lost_is_no_failure(place: Place) -> None:
    lease = place.client().lock(ME, 0)
    place.controls.arm(place.unlock_method, "drop-after")
    lease.release()
    assert place.kept.lock is None


@pytest.mark.parametrize("fault", ["drop-after", "error-after"])
def test_a_write_whose_reply_was_lost_is_uncertain_and_recognised(plain: Place, fault: str) -> None:
    plain.controls.arm("POST", fault)
    with pytest.raises(StateUncertain) as doubt:
        plain.client().write(document(1), None)
    _no_secret(doubt.value)
    manager = StateManager(plain.client(), "p", new_lineage=lambda: "l")
    plain.kept.versions.clear()
    plain.controls.arm("POST", fault)
    written = manager.write(manager.read())
    assert written.serial == 1
    assert manager.write(written).serial == 2


@pytest.mark.parametrize("status", ["423", "409"])
def test_a_write_that_finds_the_lock_taken_loses_the_lease(plain: Place, status: str) -> None:
    client = plain.client()
    lease = client.lock(ME, 0)
    plain.controls.arm("POST", status)
    with pytest.raises(LeaseLost):
        client.write(document(1), None)
    with pytest.raises(LeaseLost):
        lease.check()


@pytest.mark.parametrize(
    ("status", "words"), [("403", "403"), ("413", "413"), ("401", "401"), ("429", "429")]
)
def test_a_refused_write_is_certain(plain: Place, status: str, words: str) -> None:
    plain.controls.arm("POST", status)
    with pytest.raises(StateError, match=words) as refused:
        plain.client().write(document(1), None)
    assert type(refused.value) is StateError
    assert refused.value.hint
    assert plain.kept.lock is None


def test_gitlab_refuses_a_serial_that_it_has(gitlab: Place) -> None:
    client = gitlab.client()
    version = client.write(document(1), None)
    with pytest.raises(StateConflict, match="422: PG::UniqueViolation"):
        client.write(document(1, "another"), version)
    assert gitlab.kept.latest() == document(1)


def test_our_own_write_that_a_proxy_repeated_is_recognised(plain: Place) -> None:
    client = plain.client()
    lease = client.lock(ME, 0)
    version = client.write(document(1), None)
    plain.controls.arm("POST", "422")
    with pytest.raises(StateConflict):
        client.write(document(2), version)
    assert client.write(document(1), None) == version
    lease.release()


def test_a_missing_project_is_not_a_missing_state(service: HttpState, gitlab: Place) -> None:
    with pytest.raises(StateError, match="Project Not Found"):
        open_store(service.gitlab("x", project="2")).read()
    gitlab.controls.arm("GET", "404")
    assert gitlab.client().read() is None


@pytest.mark.parametrize("data", [b"", b"one", b"[1]", b"\x1f\x8b", b'{"serial": 1'])
def test_only_json_objects_are_written(plain: Place, data: bytes) -> None:
    seen = len(plain.controls.seen)
    with pytest.raises(StateError, match="JSON"):
        plain.client().write(data, None)
    assert len(plain.controls.seen) == seen


def test_a_page_to_log_in_is_no_state(place: Place) -> None:
    place.controls.arm("GET", "page")
    with pytest.raises(StateError, match="no JSON"):
        place.client().read()


def test_a_redirect_is_an_error_that_names_the_new_host(plain: Place) -> None:
    for method, ask in (
        ("GET", plain.client().read),
        ("POST", lambda: plain.client().write(document(1), None)),
    ):
        plain.controls.arm(method, "redirect")
        with pytest.raises(StateError, match=r"elsewhere\.example"):
            ask()
    plain.controls.arm("LOCK", "redirect", 3)
    with pytest.raises(StateError, match=r"elsewhere\.example"):
        plain.client().lock(ME, 0)


def test_a_wrong_password_is_said_and_never_shown(place: Place) -> None:
    environ = {"TF_HTTP_USERNAME": USER, "TF_HTTP_PASSWORD": "wrong-canary"}
    client = open_store(replace(place.opening, environ=environ))
    for ask in (
        client.read,
        client.holder,
        lambda: client.lock(ME, 0),
        lambda: client.write(document(1), None),
    ):
        with pytest.raises(StateError, match="401") as refused:
            ask()
        assert "TF_HTTP_PASSWORD" in (refused.value.hint or "")
        assert "wrong-canary" not in refused.value.message
        assert "***" in refused.value.message


def test_an_unreachable_server_is_said_with_certainty(plain: Place) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = open_store(replace(plain.opening, url=f"http://127.0.0.1:{port}/states/x"))
    for ask in (
        client.read,
        client.holder,
        lambda: client.lock(ME, 0),
        lambda: client.write(document(1), None),
    ):
        with pytest.raises(StateError, match="Connection refused") as refused:
            ask()
        assert type(refused.value) is StateError


def test_a_server_that_falls_silent_leaves_a_doubt() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        requests = Requests("the place", None, {}, seconds=0.2)
        with pytest.raises(StateUncertain, match=r"the place: no whole reply from 127\.0\.0\.1: timed out"):
            requests.send("POST", f"http://127.0.0.1:{silent.getsockname()[1]}/x", doing="write", body=b"{}")


def test_a_reply_that_is_too_large_is_refused(plain: Place) -> None:
    plain.client().write(document(1, "x" * 2000), None)
    requests = Requests("the place", Account(USER, PASSWORD), {})
    with pytest.raises(StateError, match="more than 1000 bytes"):
        requests.send("GET", plain.opening.url, doing="read", most=1000)


def test_a_name_that_does_not_resolve_is_said_with_certainty(plain: Place) -> None:
    environ = {**plain.opening.environ, "NO_PROXY": "*"}
    client = open_store(replace(plain.opening, url="https://no-such-host.invalid/states/x", environ=environ))
    with pytest.raises(StateError, match="cannot be reached") as refused:
        client.read()
    _no_secret(refused.value)


def test_the_clock_is_compared_with_the_servers(place: Place) -> None:
    lease = place.client().lock(ME, 0)
    assert lease.clock_ahead is not None
    assert -1 < lease.clock_ahead < 3
    lease.release()
    place.controls.dateless = True
    assert place.client().lock(ME, 0).clock_ahead is None


def test_it_offers_what_its_lock_needs(plain: Place) -> None:
    client = plain.client()
    assert isinstance(client, BreaksLocks)
    assert isinstance(client, ExplainsLocks)
    lease = client.lock(ME, 0)
    assert isinstance(lease, ComparesClocks)
    assert lease.expires_at is None
    assert "never expires" in client.explain_lock()
    assert client.recovery


def test_a_location_shows_neither_account_nor_query(service: HttpState) -> None:
    url = service.url("x").replace("http://", "http://ann:canary@") + "?state=a#b"
    client = open_store(Opening(url, Path(), "p", {}, reference="{env: STATE_URL}"))
    assert client.location == "{env: STATE_URL}"
    with pytest.raises(StateError) as refused:
        open_store(Opening(url, Path(), "p", {}))
    assert "canary" not in f"{refused.value.message} {refused.value.hint}"


def test_an_account_in_a_trusted_address_is_used(service: HttpState) -> None:
    url = service.url("x").replace("http://", f"http://{USER}:{PASSWORD.replace('-', '%2D')}@")
    assert open_store(Opening(url, Path(), "p", {}, reference="{env: STATE_URL}")).read() is None


def test_addresses_and_methods_can_be_set_as_for_terraform(service: HttpState, gitlab: Place) -> None:
    address = gitlab.opening.url
    environ = {
        **gitlab.opening.environ,
        "TF_HTTP_LOCK_ADDRESS": f"{address}/lock",
        "TF_HTTP_UNLOCK_ADDRESS": f"{address}/lock?a=b",
        "TF_HTTP_LOCK_METHOD": "POST",
        "TF_HTTP_UNLOCK_METHOD": "DELETE",
        "TF_HTTP_UPDATE_METHOD": "PUT",
    }
    client = open_store(replace(gitlab.opening, environ=environ))
    with pytest.raises(StateError, match="405"):
        client.write(document(1), None)
    seen = " ".join(gitlab.controls.seen[-6:])
    assert re.search(r"POST \S+/lock .*PUT \S+\?ID=.*DELETE \S+/lock\?a=b&ID=", seen)


@pytest.mark.parametrize("url", ["http://", "https://[::1", "https://host:99999/x", "ftp://host/x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(StateError):
        open_store(Opening(url, Path(), "p", {}))


def test_an_account_goes_over_plain_http_to_this_machine_alone(service: HttpState) -> None:
    for environ in ({}, {"TF_HTTP_LOCK_ADDRESS": "http://host.example/lock"}):
        url = "https://host.example/x" if environ else "http://host.example/x"
        with pytest.raises(StateError, match="http://"):
            open_store(
                Opening(url, Path(), "p", {**service.environ, **environ}, reference="{env: STATE_URL}")
            )


def test_in_ci_an_account_goes_to_no_host_that_nobody_allowed(service: HttpState) -> None:
    ci = {"CI": "true", "CI_API_V4_URL": "https://git.example/api/v4"}
    # As the proxy, the server sees every request, whatever its host.
    environ = {**service.environ, **ci, "HTTPS_PROXY": service.prefix}
    opening = Opening("https://evil.example/x", Path(), "p", environ)
    seen = len(service.controls.seen)
    with pytest.raises(Refused) as refused:
        open_store(opening).read()
    assert refused.value.hint == "if it is meant, set FTOPS_ALLOWED_HOSTS=evil.example in the CI settings"
    _no_secret(refused.value)
    assert len(service.controls.seen) == seen
    allowed = (
        replace(opening, environ={**environ, "FTOPS_ALLOWED_HOSTS": "evil.example"}),
        replace(opening, reference="{env: URL}", environ={**environ, "FTOPS_ALLOWED_HOSTS": "evil.example"}),
        replace(opening, url="https://git.example/api/v4/projects/1/terraform/state/x"),
    )
    for one in allowed:
        with pytest.raises(StateError, match="through the proxy") as failed:
            open_store(one).write(b"{}", None)
        assert type(failed.value) is StateError
    assert [asked.split()[0] for asked in service.controls.seen[seen:]] == ["CONNECT"] * 3
    assert service.controls.accounts[seen:] == [None] * 3


def test_the_token_of_a_gitlab_job_goes_to_its_own_gitlab_alone(service: HttpState, gitlab: Place) -> None:
    own = service.prefix.replace("/states/", "/api/v4")
    environ = {"CI": "true", "CI_JOB_TOKEN": "job-canary", "CI_API_V4_URL": own}
    opening = replace(gitlab.opening, environ=environ, reference=None)
    with pytest.raises(StateError, match="401"):
        open_store(opening).read()
    assert gitlab.controls.accounts[-1] == "Basic Z2l0bGFiLWNpLXRva2VuOmpvYi1jYW5hcnk="
    stranger = replace(opening, environ={**environ, "CI_API_V4_URL": "https://git.example/api/v4"})
    with pytest.raises(StateError, match="401"):
        open_store(stranger).read()
    assert gitlab.controls.accounts[-1] is None


def test_a_proxy_is_used_as_the_environment_says_but_never_to_this_machine() -> None:
    environ = {"HTTPS_PROXY": "http://p:1", "http_proxy": "q:2", "NO_PROXY": "near.example, .inside"}
    assert proxy_for("https://far.example/x", environ) == "http://p:1"
    assert proxy_for("http://far.example/x", environ) == "http://q:2"
    for url in ("https://near.example:8/x", "https://a.inside/x", "https://localhost/x", "http://[::1]:8/x"):
        assert proxy_for(url, environ) is None
    assert proxy_for("https://far.example/x", {}) is None
    assert proxy_for("https://far.example/x", {"HTTPS_PROXY": "http://p:1", "https_proxy": ""}) is None


@pytest.mark.parametrize("proxy", ["http://u:canary@127.0.0.1:1", "socks5://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_said_with_certainty(proxy: str) -> None:
    client = open_store(Opening("https://far.example/x", Path(), "p", {"HTTPS_PROXY": proxy}))
    with pytest.raises(StateError, match="through the proxy") as refused:
        client.write(b"{}", None)
    assert type(refused.value) is StateError
    assert "canary" not in refused.value.message


def test_many_threads_share_a_round_trip(plain: Place) -> None:
    lease = plain.client().lock(ME, 0)
    before = len(plain.controls.seen)
    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(lease.check) for _ in range(64)]:
            done.result()
    assert len(plain.controls.seen) - before < 64


def _add_marks(opening: Opening, who: str, rounds: int) -> None:
    client = open_store(opening)
    client._patience = replace(client._patience, pause=0.02)
    manager = StateManager(client, "p", new_lineage=lambda: "l")
    added = 0
    while added < rounds:
        state = manager.read()
        marks = (*state.not_mine.get("p", ()), f"{who}{added}")
        try:
            manager.write(replace(state, not_mine={"p": marks}))
        except StateConflict:
            continue
        added += 1


def test_two_processes_that_write_at_once_lose_nothing(place: Place) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add_marks, args=(place.opening, who, 8)) for who in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    state = StateManager(place.client(), "p", new_lineage=lambda: "l").read()
    assert state.serial == 16
    assert sorted(state.not_mine["p"]) == sorted(f"{who}{number}" for who in "ab" for number in range(8))
    assert place.kept.lock is None
