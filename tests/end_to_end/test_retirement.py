"""What ends at OpenAI's own address, which here is the emulator behind a proxy of this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import Emulator, ProjectDirectory
from tests.services.pretended_host import pretended_host

HEAD = """apiVersion: ftops/v1
kind: Project
metadata: {name: test-p1}
spec:
  providers:
"""
DEAD = "gpt-4.1-nano"
"""A base model that ended on 2026-10-23, and with it whatever was made of it."""


@pytest.fixture
def at_openai(
    project: ProjectDirectory, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ProjectDirectory]:
    port = urlsplit(emulator.base_url).port
    assert port is not None
    with pretended_host("api.openai.com", port, tmp_path) as environ:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        declare(project)
        yield project


def declare(project: ProjectDirectory, row: str = "", rest: str = "") -> None:
    key = "api_key: {env: FTOPS_TEST_KEY}"
    project.write(
        "ftops.yaml", f"{HEAD}    oa: {{dialect: openai, {key}{row}}}\n  default_provider: oa\n{rest}"
    )


def test_a_dead_model_is_refused_before_anything_is_sent(
    at_openai: ProjectDirectory, emulator: Emulator
) -> None:
    at_openai.manifest("a", model=DEAD)
    assert at_openai.ftops("plan") == 3
    assert (
        "closed: a: gpt-4.1-nano and its fine-tuned models ended at oa on 2026-10-23, says" in at_openai.out
    )
    assert at_openai.ftops("apply", "--yes") == 3
    assert (emulator.requests("create"), emulator.requests("upload")) == (0, 0)
    assert emulator.requests("list_models") == 2, "asked once by each, since something is created"
    declare(at_openai, row=", allow_closed: true")
    assert at_openai.ftops("plan") == 0


def test_a_horizon_refuses_and_without_it_the_plan_warns(at_openai: ProjectDirectory) -> None:
    at_openai.manifest("a", model="gpt-4o-mini")
    declare(at_openai, rest="  policies: {retirement_horizon: 5000w}\n")
    assert at_openai.ftops("plan", "--format", "json") == 3
    review = json.loads(at_openai.out)["review"]
    assert [found["rule"] for found in review["violations"]][-1] in ("retirement_horizon", "closed")
    assert review["warnings"][0]["names"] == ["a"]


def test_a_plan_without_creates_asks_nothing_more(at_openai: ProjectDirectory, emulator: Emulator) -> None:
    declare(at_openai, row=", allow_closed: true")
    at_openai.manifest("a", model="gpt-4o-mini")
    assert at_openai.ftops("apply", "--yes") == 0, at_openai.err + at_openai.out
    asked = emulator.requests("list_models")
    assert at_openai.ftops("plan") == 0
    assert "Warning" not in at_openai.out
    assert emulator.requests("list_models") == asked


def test_an_answer_that_does_not_come_stops_no_plan(at_openai: ProjectDirectory, emulator: Emulator) -> None:
    declare(at_openai, row=", allow_closed: true, timeout: 5")
    at_openai.manifest("a", model="gpt-4o-mini")
    emulator.fault("status", "list_models", status=403, message="no")
    assert at_openai.ftops("plan") == 0
    assert "fine-tuned models of gpt-4o-mini-2024-07-18 end" in " ".join(at_openai.out.split())
