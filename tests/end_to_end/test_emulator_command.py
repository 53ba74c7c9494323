"""`ftops emulator` as a program: its key, and its book."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ProjectDirectory
from tests.unit.emulator.client import Client

KEY = "sk-emulated-9d41f2"
JOBS = "/fine_tuning/jobs"


@contextmanager
def serving(root: Path, *options: str, **environ: str) -> Iterator[str]:
    """Start the command on a free port; yield its address, and see that it said nothing of the key."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ftops", "-C", str(root), "emulator", "--port", "0", *options],
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("The emulator serves http://127.0.0.1:"), line + process.stdout.read()
        yield line.split()[3]
    finally:
        process.kill()
        rest, _ = process.communicate()
    assert KEY not in line + rest


@pytest.mark.parametrize("by", ["option", "variable"])
def test_another_key_gets_the_providers_401(tmp_path: Path, by: str) -> None:
    options = ("--key", KEY) if by == "option" else ()
    environ = {"FTOPS_EMULATOR_KEY": KEY} if by == "variable" else {}
    with serving(tmp_path, *options, **environ) as url:
        assert Client(url, KEY).ids() == []
        assert Client(url, "sk-other").error("GET", JOBS, 401)["code"] == "invalid_api_key"
        assert "didn't provide an API key" in Client(url, None).error("GET", JOBS, 401)["message"]
        assert Client(url, None).get("/_emulator/info")["jobs"] == {}


def test_a_project_with_another_key_plans_nothing_and_names_the_key(
    project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serving(tmp_path, "--key", KEY) as url:
        text = (project.root / "ftops.yaml").read_text()
        before = text.split("base_url: '")[1].split("'")[0]
        project.write("ftops.yaml", text.replace(before, url))
        project.manifest("a")
        assert project.ftops("apply", "--yes") == 4
        assert "check api_key of provider local" in project.out + project.err
        monkeypatch.setenv("FTOPS_TEST_KEY", KEY)
        assert project.ftops("apply", "--yes") == 0
        assert len(Client(url, KEY).ids()) == 1


def test_by_the_book_there_are_no_control_routes_and_unknown_parameters_pass(tmp_path: Path) -> None:
    with serving(tmp_path, "--by-the-book") as url:
        provider = Client(url)
        assert "Invalid URL" in provider.error("GET", "/_emulator/info", 404)["message"]
        assert provider.error("POST", "/_emulator/faults", 404, json={"kind": "drop"})["code"] is None
        assert provider.job(no_such_parameter=1)["error"] is None
    with serving(tmp_path) as url:
        provider = Client(url)
        file = provider.get(JOBS)["data"][0]["training_file"]
        body = {"model": "gpt-4o-mini", "training_file": file, "no_such_parameter": 1}
        provider.error("POST", JOBS, 400, json=body)


@pytest.mark.parametrize("key", ["", "two words", "schlüssel", "a\tb"])
def test_a_key_that_no_client_could_send_is_wrong_usage(project: ProjectDirectory, key: str) -> None:
    assert project.ftops("emulator", "--key", key) == 64
    assert "visible ASCII characters" in project.err
    assert not key or key not in project.out + project.err
