"""A Ray head of the environment that `make ray` makes, bounded, and reached through one loopback port."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.ray.install import ENVIRONMENT
from tests.services import Unavailable
from tests.services.processes import free_port

START_SECONDS = 180.0
"""Until the dashboard answers: 11 to 18 s on an idle machine."""
STOP_SECONDS = 60.0
STORE_BYTES = 100_000_000
_PEN = Path(__file__).with_name("pen.py")
_APART = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")


class Head:
    """A head that can be ended and begun again at the same address. It answers when `begin` returns."""

    def __init__(
        self,
        home: Path,
        *,
        token: str | None = None,
        redis: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self._settings = dict(environ or {})
        self.token = token
        self.log = home / "head.log"
        self._redis = redis
        self._port = free_port()
        self._pen: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def address(self) -> str:
        """Where its own nodes find it; of meaning only inside."""
        return f"127.0.0.1:{self._inner}"

    def begin(self) -> None:
        """Start it, and wait until it takes jobs. Raises Unavailable where it never does."""
        self._inner, dashboard, redis = free_port(), free_port(), free_port() if self._redis else 0
        with socket.socket() as listening, self.log.open("ab") as said:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", self._port))
            listening.listen(64)
            self._pen = subprocess.Popen(
                [
                    *(*_apart(), str(_program("python")), str(_PEN)),
                    *(str(listening.fileno()), str(dashboard), str(redis), str(self._redis or "")),
                    *self._command(dashboard),
                ],
                cwd=self.home,
                env=self._environ(redis),
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                pass_fds=[listening.fileno()],
                start_new_session=True,
                text=True,
            )
        try:
            self.wait(self._ready, START_SECONDS)
        except Unavailable:
            self.kill()
            raise

    def run(self, command: Sequence[str]) -> None:
        """Start another program where the head is."""
        self._order(f"run {json.dumps(list(command))}")

    def add_node(self, **resources: int) -> None:
        """Start a second node, with resources that the head has not."""
        self.run([
            *(str(_program("ray")), "start", "--address", self.address, "--num-cpus", "1", "--block"),
            *("--object-store-memory", str(STORE_BYTES), "--resources", json.dumps(resources)),
        ])  # fmt: skip

    def end(self) -> None:
        """Stop it as an administrator does."""
        self._over("end")

    def kill(self) -> None:
        """Kill all of it at once."""
        self._over("kill")

    def wait(self, condition: Callable[[], Any], seconds: float) -> Any:
        """Ask until the condition holds, and return what it gave. Raises Unavailable with the log's end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._pen is not None and self._pen.poll() is None:
            if found := condition():
                return found
            time.sleep(0.1)
        last = self.log.read_text(errors="replace").strip()[-600:]
        raise Unavailable(f"the head does not come to it: {last}")

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return requests.request(method, self.url + path, headers=headers, timeout=60, **more)

    def _ready(self) -> bool:
        """Tell whether an agent is there too: without one, jobs are refused."""
        try:
            if self.ask("GET", "/api/version").status_code != 200:
                return False
            return self.ask("GET", "/api/jobs/").status_code == 200
        except requests.RequestException:
            return False

    def _command(self, dashboard: int) -> list[str]:
        return [
            *(str(_program("ray")), "start", "--head", "--block", "--disable-usage-stats"),
            *("--node-ip-address", "127.0.0.1", "--port", str(self._inner), "--num-cpus", "2"),
            *("--object-store-memory", str(STORE_BYTES), "--temp-dir", str(self.home / "t")),
            *("--dashboard-host", "127.0.0.1", "--dashboard-port", str(dashboard)),
            *("--dashboard-agent-listen-port", str(free_port())),
            *("--ray-client-server-port", str(free_port())),
        ]

    def _environ(self, redis: int) -> dict[str, str]:
        own = {
            "HOME": str(self.home),
            "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_DISABLE_IMPORT_WARNING": "1",
            **self._settings,
        }
        if self.token:
            own |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}
        if redis:
            own |= {"RAY_REDIS_ADDRESS": f"127.0.0.1:{redis}", "RAY_external_storage_namespace": "ftops"}
        passed = {
            name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "PYTEST"))
        }
        return passed | own

    def _order(self, order: str) -> None:
        assert self._pen is not None
        assert self._pen.stdin is not None
        self._pen.stdin.write(f"{order}\n")
        self._pen.stdin.flush()

    def _over(self, order: str) -> None:
        pen, self._pen = self._pen, None
        if pen is None:
            return
        try:
            pen.communicate(f"{order}\n", STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pen.kill()
            pen.wait(STOP_SECONDS)


@contextmanager
def ray_head(
    *, token: str | None = None, redis: Path | None = None, environ: Mapping[str, str] | None = None
) -> Iterator[Head]:
    """Start a head. Raises Unavailable where Ray is not installed, or does not start."""
    _program("ray")
    # Short: the paths of Ray's sockets may not be longer than 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))
    head = Head(home, token=token, redis=redis, environ=environ)
    try:
        head.begin()
        yield head
    finally:
        head.kill()
        shutil.rmtree(home, ignore_errors=True)


def _program(name: str) -> Path:
    found = ENVIRONMENT / "bin" / name
    if not found.exists():
        raise Unavailable(f"there is no {found.name} in {ENVIRONMENT.name}")
    return found


def _apart() -> tuple[str, ...]:
    """Return what starts a program in namespaces of its own, or nothing where that is not allowed."""
    for words in (_APART, (*_APART, "--map-root-user")):
        try:
            if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
                return words
        except OSError:
            return ()
    return ()
