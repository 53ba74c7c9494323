"""Projects whose state is in a store that many runners share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.conftest import ProjectDirectory
from tests.end_to_end.test_kills import SETTLE
from tests.services import Service, started
from tests.services.azurite import azurite
from tests.services.http_state import http_state
from tests.services.moto_s3 import moto_s3
from tests.services.postgres import postgres

LEASE = 5
"""Seconds; the shortest that a project may ask for."""

STORES = {"moto": moto_s3, "azurite": azurite, "postgres": postgres, "http": http_state}


@pytest.fixture(scope="session", params=list(STORES))
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A server for states, of each kind."""
    yield from started(request.param, STORES[request.param])


@pytest.fixture
def url(service: Service, project: ProjectDirectory, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new place there, with the environment that it needs and a project of its own name."""
    for name, value in service.environ.items():
        monkeypatch.setenv(name, value)
    key = f"k{uuid.uuid4().hex}"
    text = (project.root / "ftops.yaml").read_text()
    project.write("ftops.yaml", text.replace("name: test-p1", f"name: {key}"))
    return service.url(key)


@pytest.fixture
def shared(project: ProjectDirectory, url: str) -> ProjectDirectory:
    """A project whose state is in that store."""
    text = (project.root / "ftops.yaml").read_text().replace("api_key:", f"{SETTLE}api_key:")
    project.write("ftops.yaml", f"{text}  state: {{url: '{url}', lease: {LEASE}}}\n")
    return project
