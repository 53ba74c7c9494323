"""What the recipes need of the world: this project as a wheel, an environment, a provider, a repository."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ftops.emulator.server import EmulatorServer, EmulatorSettings
from tests.conftest import REPOSITORY, Emulator
from tests.repository import Repository
from tests.services import Service, started
from tests.services.moto_s3 import moto_s3

KEY = "sk-recipe-4f1d77c0"
_PRICES = """\
  prices: {oa: {gpt-4o-mini: {training_per_million_tokens: 3}}}
  limits: {max_cost: 5, max_creates: 3}
"""
_MANIFEST = """\
apiVersion: ftops/v1
kind: FineTune
metadata: {{name: {name}}}
spec:
  model: gpt-4o-mini
  training_file: {{path: ../data/hello.jsonl}}
  hyperparameters: {{n_epochs: {epochs}}}
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """A wheel of this project, and one environment that the recipes install it into."""

    source: str
    environment: Path


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(REPOSITORY),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    return Installed(wheel.as_uri(), environment)


@pytest.fixture(scope="session")
def ready(installed: Installed) -> Installed:
    """Have it in its environment already: one recipe of a kind installs it as it says, which takes long."""
    command = [str(installed.environment / "bin/pip"), "install", "--quiet"]
    subprocess.run([*command, f"ftops[remote,tokens,policy] @ {installed.source}"], check=True)
    return installed


@pytest.fixture(scope="session")
def store() -> Iterator[Service]:
    """What plays Amazon's S3."""
    yield from started("moto", moto_s3)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Emulator]:
    """The provider, which wants the key, and has its jobs done in no time."""
    settings = EmulatorSettings(tmp_path / "emulator" / "e.db", speed=100_000, api_key=KEY)
    with EmulatorServer(settings) as server:
        yield Emulator(server)


@dataclass(frozen=True, slots=True)
class DeadMan:
    """What alerts when nobody has called it for a while; `calls` are the paths that were asked for."""

    url: str
    calls: list[str]


@pytest.fixture
def dead_man() -> Iterator[DeadMan]:
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of its base class
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield DeadMan(f"http://127.0.0.1:{server.server_port}/ping/check", calls)
        server.shutdown()
        thread.join()


@dataclass(frozen=True, slots=True)
class Project:
    """A repository with a project, as a team has it at its forge."""

    repository: Repository

    def declare(self, name: str, epochs: int = 3) -> str:
        """Commit a fine-tune."""
        return self.repository.commit({f"jobs/{name}.yaml": _MANIFEST.format(name=name, epochs=epochs)})

    @property
    def origin(self) -> str:
        return f"file://{self.repository.root}"


def project_of(root: Path, base_url: str, state: str | None = None) -> Project:
    """Make a project whose plans are limited by what they cost."""
    repository = Repository.init(root)
    rows = (REPOSITORY / "examples/quickstart/data/workshop.jsonl").read_text(encoding="utf-8")
    settings = (
        f"apiVersion: ftops/v1\nkind: Project\nmetadata: {{name: p{uuid.uuid4().hex[:12]}}}\n"
        "spec:\n  manifests: [jobs/]\n  default_provider: oa\n  providers:\n"
        f"    oa: {{dialect: openai, base_url: '{base_url}', api_key: {{env: OPENAI_API_KEY}}}}\n{_PRICES}"
    )
    if state is not None:
        settings += f"  state: {{url: '{state}', lease: 5}}\n"
    repository.commit({"ftops.yaml": settings, "data/hello.jsonl": rows, ".gitignore": ".ftops/\n"})
    project = Project(repository)
    project.declare("hello")
    return project
