"""`{env: NAME}`, `{file: PATH}`, `{exec: [...]}` -> the value, read when a provider is opened."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from ftops.errors import Refused
from ftops.files.ci import in_ci
from ftops.files.confinement import is_inside
from ftops.model.project import EnvReference, ExecReference, FileReference, Reference
from ftops.transport.secret import Vault

EXEC_SECONDS = 30.0
"""How long a command may take: enough to ask a password manager, too short to be forgotten in CI."""

ALLOW_FILES = "FTOPS_ALLOW_FILES"
"""The variable that names the files which CI lets {file: ...} read: globs, colons between."""

PLAN_KEY = "FTOPS_PLAN_KEY"
"""The variable of the key that plans are signed with, which no file of the project may refer to."""

LONGEST = 65_536
"""Bytes of a file or of a command's output that are read; no credential is larger."""


class Unresolved(ValueError):
    """A reference that leads to no value. Holds neither the value nor what may be one by mistake."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class References:
    """Resolves references for one run: paths from the project's root, each command run once.

    `vault` is for whoever resolves: whatever a reference leads to is a secret.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        root: Path = Path(),
        vault: Vault | None = None,
        *,
        exec_seconds: float = EXEC_SECONDS,
    ) -> None:
        self.environ = environ
        self.vault = vault or Vault()
        self.root = root
        self._exec_seconds = exec_seconds
        self._answers: dict[tuple[str, ...], bytes] = {}

    def resolve(self, reference: Reference, *, lines: bool = False) -> str:
        """Return the value, never empty: one line, or with `lines` any number, as a key file has them.

        Raises Unresolved, and Refused for a file or a command that CI forbids.
        """
        match reference:
            case EnvReference(name):
                return self._variable(name)
            case FileReference(path):
                return _text(self._file(path), "the file of {file: ...}", lines=lines)
            case ExecReference(command):
                if command not in self._answers:
                    self._answers[command] = self._output(command)
                return _text(self._answers[command], "the output of {exec: ...}", lines=lines)

    def _variable(self, name: str) -> str:
        if name == PLAN_KEY:
            raise Refused(
                f"{PLAN_KEY} signs plans and is sent nowhere", hint="name the variable of the credential"
            )
        value = self.environ.get(name, "")
        if not value.strip():
            state = "is empty" if name in self.environ else "is not set"
            raise Unresolved(f"environment variable {name} {state}", f"export {name}=...")
        return value

    def _file(self, path: str) -> bytes:
        if "\0" in path:
            raise Unresolved("the path of {file: ...} holds a zero byte", "name a file")
        try:
            where = self.root / Path(path).expanduser()
            if in_ci(self.environ) and not self._may_read(where):
                raise Refused(
                    "in CI no file of {file: ...} is read unless allowed: a pull request can change it",
                    hint=f"if that is intended, set {ALLOW_FILES} to its path in the CI settings "
                    "(globs, colons between)",
                )
            # A FIFO or a device would block for ever, or never end.
            if where.exists() and not where.is_file():
                raise Unresolved("the file of {file: ...} is not a regular file", "name a file")
            with where.open("rb") as file:
                return file.read(LONGEST + 1)
        except (OSError, RuntimeError) as error:
            why = error.strerror if isinstance(error, OSError) else "there is no such home directory"
            message = f"the file of {{file: ...}} cannot be read: {why}"
            raise Unresolved(message, "relative paths start at ftops.yaml") from error

    def _may_read(self, where: Path) -> bool:
        """Return whether the CI settings allow a file, whatever links the project has brought.

        Links outside the project are the machine's own, as those of mounted Kubernetes secrets: there the
        path may be meant as it is written. Of one inside it only counts where it leads.
        """
        root, paths = os.path.realpath(self.root), [os.path.realpath(where)]
        if ".." not in where.parts and not any(is_inside(root, part) for part in (where, *where.parents)):
            paths.append(str(where))
        globs = [glob for glob in self.environ.get(ALLOW_FILES, "").split(":") if glob]
        patterns = [f"{root}/{glob}" if glob[0] not in "/~" else os.path.expanduser(glob) for glob in globs]  # noqa: PTH111 - a glob is no path
        return any(_matches(path, pattern) for path in paths for pattern in patterns)

    def _output(self, command: tuple[str, ...]) -> bytes:
        if in_ci(self.environ) and self.environ.get("FTOPS_ALLOW_EXEC") != "1":
            raise Refused(
                "in CI no command of {exec: ...} is run: a pull request can change it",
                hint="if that is intended, set FTOPS_ALLOW_EXEC=1 in the CI settings",
            )
        try:
            process = subprocess.Popen(  # noqa: S603 - the project's own command; no shell reads it
                command,
                cwd=self.root,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it holds a zero byte"
            message = f"the command of {{exec: ...}} cannot be started: {why}"
            raise Unresolved(message, "the first word is a program; no shell reads the rest") from error
        return self._answer(process)

    def _answer(self, process: subprocess.Popen[bytes]) -> bytes:
        # What a failing command says may hold the secret, so nothing of it is shown.
        hint = "run it by hand to see why"
        try:
            data = _read(process, time.monotonic() + self._exec_seconds)
        except subprocess.TimeoutExpired as error:
            message = f"the command of {{exec: ...}} took longer than {self._exec_seconds:g} s"
            raise Unresolved(message, hint) from error
        if process.returncode and len(data) <= LONGEST:
            raise Unresolved(f"the command of {{exec: ...}} exited with {process.returncode}", hint)
        return data


def _matches(path: str, glob: str) -> bool:
    """Match a whole path; `*` stays within one folder, `**` means any number of them."""
    parts, pattern = path.split("/"), glob.split("/")
    ends = {0}
    for piece in pattern:
        if piece == "**":
            ends = set(range(min(ends, default=len(parts) + 1), len(parts) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(parts) and fnmatchcase(parts[end], piece)}
    return len(parts) in ends


def _read(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Read until the command ends, says too much, or the monotonic clock shows `deadline`."""
    data = b""
    with process:
        pipe = process.stdout
        try:
            while pipe is not None and len(data) <= LONGEST:
                left = max(0.0, deadline - time.monotonic())
                if not select.select([pipe], [], [], left)[0]:
                    raise subprocess.TimeoutExpired(process.args, left)
                chunk = os.read(pipe.fileno(), LONGEST)
                if not chunk:
                    process.wait(max(0.0, deadline - time.monotonic()))
                    return data
                data += chunk
            _end(process)
        except BaseException:
            _end(process)
            raise
    return data


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a command that has not been waited for yet, with everything that it started."""
    # Not polled before: until it is waited for, its number belongs to nobody else.
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)


def _text(data: bytes, what: str, *, lines: bool) -> str:
    """Read text, one line unless `lines`; the line break at its end belongs to the file, not to the value."""
    if len(data) > LONGEST:
        raise Unresolved(f"{what} is larger than {LONGEST} bytes", "it must contain only the value")
    try:
        text = data.decode("utf-8").removeprefix("\ufeff").strip()
    except UnicodeDecodeError as error:
        raise Unresolved(f"{what} is not UTF-8", "it must contain only the value") from error
    if not text or not (lines or text.isprintable()):
        kind = "empty" if not text else "not one line of text"
        raise Unresolved(f"{what} is {kind}", "it must contain only the value")
    return text
