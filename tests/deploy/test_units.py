"""The laws of what runs under systemd, and what systemd says of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from ftops.errors import ExitCode
from tests.deploy.pods import understood
from tests.deploy.units import DROP_INS, PROGRAM, SERVICES, SYSTEMD, service, unit, variables, words
from tests.services import Unavailable, started

MOST_EXPOSED = 20
"""Tenths, of ten: what systemd calls OK ends at 5.0, and 1.2 was measured."""

NEEDS_PERSON = {ExitCode.ERROR, ExitCode.REFUSED, ExitCode.NEEDS_PERSON, ExitCode.JOB_FAILED}
INSTANCE = "support"


@pytest.fixture(scope="session")
def analyze() -> Iterator[str]:
    def found() -> nullcontext[str]:
        program = shutil.which("systemd-analyze")
        if program is None:
            raise Unavailable("systemd-analyze is not installed")
        return nullcontext(program)

    yield from started("systemd", found)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine on which everything is installed, with all drop-ins."""
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for path in (*SERVICES, *SYSTEMD.glob("*.timer")):
        shutil.copy(path, units)
    for path in SERVICES:
        for drop_in in DROP_INS:
            folder = units / f"{path.stem}{INSTANCE}.service.d"
            folder.mkdir(exist_ok=True)
            shutil.copy(drop_in, folder)
    for target in ("basic", "multi-user", "network-online", "shutdown", "sysinit", "timers"):
        (units / f"{target}.target").write_text(f"[Unit]\nDescription={target}\n")
    for program in (PROGRAM, "/usr/bin/curl"):
        there = tmp_path / program.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text("#!/bin/sh\n")
        there.chmod(0o755)
    return tmp_path


def verified(analyze: str, root: Path, name: str) -> str:
    command = [analyze, "verify", f"--root={root}", "--man=no", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "ftops" in line or "Unknown" in line]
    return "\n".join(complaints) + (
        "" if done.returncode == 0 else f"\nended with {done.returncode}: {done.stderr}"
    )


@pytest.mark.parametrize(
    "name", ["ftops-reconcile@.service", "ftops-reconcile@.timer", "ftops-controller@.service"]
)
def test_systemd_has_no_complaint(analyze: str, root: Path, name: str) -> None:
    assert verified(analyze, root, name.replace("@", f"@{INSTANCE}")) == ""


def test_systemd_would_complain(analyze: str, root: Path) -> None:
    path = root / "etc/systemd/system/ftops-controller@.service"
    path.write_text(path.read_text().replace("Restart=", "Restrat="))
    assert "Restrat" in verified(analyze, root, f"ftops-controller@{INSTANCE}.service")


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_what_a_service_may_do_is_little(analyze: str, tmp_path: Path, path: Path) -> None:
    copy = tmp_path / path.name.replace("@", f"@{INSTANCE}")
    shutil.copy(path, copy)
    command = [analyze, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level" in done.stdout


@pytest.mark.parametrize("kind", ["reconcile", "controller"])
def test_a_service_runs_words_that_ftops_knows_in_the_directory_of_its_project(kind: str) -> None:
    told = service(kind)
    assert understood(words(told))["once"] is (kind == "reconcile")
    assert told["WorkingDirectory"] == ["/var/lib/ftops/%i"]
    assert told["StateDirectory"] == ["ftops/%i"]
    assert variables(told)["CI"]


def test_what_needs_a_person_fails_the_unit_and_being_stopped_does_not() -> None:
    told = service("reconcile")
    good = {int(code) for code in told["SuccessExitStatus"][0].split()}
    assert good == {ExitCode.INTERRUPTED}
    assert not good & NEEDS_PERSON


def test_a_controller_is_started_again_unless_its_command_is_wrong() -> None:
    told = service("controller")
    assert told["Type"] == ["exec"]
    assert told["Restart"] == ["on-failure"]
    never = {int(code) for code in told["RestartPreventExitStatus"][0].split()}
    assert never == {ExitCode.USAGE, ExitCode.INTERRUPTED}


@pytest.mark.parametrize("kind", ["reconcile", "controller"])
def test_a_signal_goes_to_ftops_alone_which_has_time_to_end(kind: str) -> None:
    told = service(kind)
    assert told["KillMode"] == ["mixed"]
    assert told["TimeoutStopSec"] == ["10min"]


@pytest.mark.parametrize("kind", ["reconcile", "controller"])
def test_keys_are_named_and_never_written(kind: str) -> None:
    told = service(kind)
    assert variables(told).keys() == {"CI", "FTOPS_ALLOW_FILES", "HOME"}
    assert told["EnvironmentFile"] == ["-/etc/ftops/%i.env"]
    (credentials,) = (path for path in DROP_INS if path.stem == "credentials")
    (loaded,) = unit(credentials)["Service"]["LoadCredential"]
    name, _, source = loaded.partition(":")
    assert source.startswith("/etc/ftops/")
    assert f"{{file: /run/credentials/ftops-controller@{INSTANCE}.service/{name}}}" in credentials.read_text()
    assert variables(told)["FTOPS_ALLOW_FILES"] == "%d/*"


def test_both_services_are_hardened_alike() -> None:
    own = {
        "Type",
        "ExecStart",
        "SuccessExitStatus",
        "TimeoutStartSec",
        "Restart",
        "RestartSec",
        "RestartPreventExitStatus",
    }
    one, other = (
        {name: value for name, value in service(kind).items() if name not in own}
        for kind in ("reconcile", "controller")
    )
    assert one == other


def test_a_timer_catches_up_and_does_not_ask_all_at_once() -> None:
    told = unit(SYSTEMD / "ftops-reconcile@.timer")
    assert told["Timer"]["Persistent"] == ["true"]
    assert told["Timer"]["RandomizedDelaySec"]
    assert told["Install"]["WantedBy"] == ["timers.target"]
