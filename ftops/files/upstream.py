"""Bring a checkout up to the branch that it follows, and back: the only module that lets git change anything.

What is fetched may be hostile: no hook is run, no submodule followed, no file of ours that git ignores (the
state) overwritten, and no filter called but that of Git LFS: a filter's command may lie in the tree itself.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from ftops.errors import FtopsError, Interrupted
from ftops.files.commits import git_command, git_environment, git_output

FETCH_SECONDS = 120.0
"""For a fetch, of manifests and small data; what is there is used meanwhile."""

WORK_SECONDS = 600.0
"""For writing the files of a commit. Git that is killed over it leaves its lock behind."""

FETCHED = "refs/worktree/ftops/fetched"
LOADED = "refs/worktree/ftops/loaded"
"""What was fetched last, and the last commit that loaded: in the repository, so that a restart knows them."""

_POLL_SECONDS = 0.1
_PROTOCOLS = "file:git:http:https:ssh"
_SETTINGS = (
    ("core.hooksPath", os.devnull),
    ("credential.interactive", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
)
_LFS = "git-lfs "
_LONGEST = 300


class Upstream(Struct, frozen=True):
    """The branch that is checked out and what it follows: `ref` of `remote`, which is at `url`."""

    branch: str
    remote: str
    ref: str
    url: str

    def __str__(self) -> str:
        return f"{self.remote}/{self.ref.removeprefix('refs/heads/')}"


def upstream_of(root: Path) -> Upstream:
    """Return what the branch that is checked out follows. Raises FtopsError where it follows nothing."""
    branch = _line(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    if branch is None:
        raise FtopsError(
            "--pull needs a branch of a git repository that is checked out, and there is none",
            hint="check one out (git switch BRANCH); `ftops doctor` says whether git trusts the directory",
        )
    remote = _line(root, "config", "--get", f"branch.{branch}.remote")
    ref = _line(root, "config", "--get", f"branch.{branch}.merge")
    if remote is None or ref is None:
        raise FtopsError(
            f"--pull needs an upstream, and the branch {branch} has none",
            hint=f"run `git branch --set-upstream-to=origin/{branch}`",
        )
    return Upstream(branch, remote, ref, _line(root, "remote", "get-url", remote) or remote)


def top_of(root: Path) -> Path | None:
    """Return the directory of the work tree that a project is in, None outside of any."""
    top = _line(root, "rev-parse", "--show-toplevel")
    return Path(top) if top else None


def fetched(root: Path, upstream: Upstream, stopped: Callable[[], bool]) -> str:
    """Fetch a branch and return its commit; nothing that is checked out changes. Raises FtopsError."""
    options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--force")
    wanted = ("--end-of-options", upstream.remote, f"{upstream.ref}:{FETCHED}")
    _run(root, ("fetch", *options, *wanted), f"cannot fetch {upstream}", FETCH_SECONDS, stopped)
    commit = commit_id(root, FETCHED)
    if commit is None:
        raise FtopsError(f"cannot fetch {upstream}: git does not have it after the fetch")
    return commit


def fast_forward(root: Path, commit: str) -> None:
    """Check out a later commit of the branch. Raises FtopsError, with nothing changed."""
    options = ("--quiet", "--ff-only", "--no-stat", "--no-autostash", "--no-overwrite-ignore")
    _run(root, ("merge", *options, commit), f"cannot check out {commit[:12]}", WORK_SECONDS)


def go_back(root: Path, commit: str) -> None:
    """Take the branch back to an earlier commit; edits that nobody committed stay. Raises FtopsError."""
    _run(root, ("reset", "--quiet", "--keep", commit), f"cannot go back to {commit[:12]}", WORK_SECONDS)


def note_loaded(root: Path, commit: str) -> None:
    """Remember that a commit loads. Raises FtopsError."""
    _run(root, ("update-ref", LOADED, commit), "cannot note which commit loads", WORK_SECONDS)


def commit_id(root: Path, revision: str) -> str | None:
    """Return the id of a commit by one of our names, None where there is none."""
    return _line(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")


def contains(root: Path, later: str, earlier: str) -> bool:
    """Return whether the history of one commit surely has the other."""
    return git_output(root, "merge-base", "--is-ancestor", earlier, later) is not None


def edited(root: Path) -> bool:
    """Return whether files that git knows differ from what was committed. Raises FtopsError."""
    options = ("--porcelain", "--untracked-files=no", "--ignore-submodules=all")
    return bool(_run(root, ("status", *options), "cannot tell what was edited", WORK_SECONDS))


def _run(
    root: Path,
    arguments: tuple[str, ...],
    failed: str,
    seconds: float,
    stopped: Callable[[], bool] = lambda: False,
) -> bytes:
    """Return what git prints; it is ended when it takes too long or somebody asks to. Raises FtopsError."""
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell reads the words
            git_command(root, *arguments),
            env=_environment(root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Without a terminal nothing asks for a password, and Ctrl-C does not cut git short.
            start_new_session=True,
        )
    except OSError as error:
        raise FtopsError(f"{failed}: git cannot be run: {error.strerror}", hint="install git") from error
    with process:
        printed, told = _heard(process, failed, seconds, stopped)
    if process.returncode:
        raise FtopsError(f"{failed}: {_reason(told) or f'git ended with {process.returncode}'}")
    return printed


def _heard(
    process: subprocess.Popen[bytes], failed: str, seconds: float, stopped: Callable[[], bool]
) -> tuple[bytes, bytes]:
    ends = time.monotonic() + seconds
    while True:
        try:
            return process.communicate(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if stopped():
                _end(process)
                raise Interrupted(f"{failed}: stopped", hint="run ftops again") from None
            if time.monotonic() > ends:
                _end(process)
                raise FtopsError(f"{failed}: git took longer than {seconds:g} s") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git with the helpers that it started: they have a session of their own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def _environment(root: Path) -> Mapping[str, str]:
    """Let git use the network, and never ask; settings go by the environment, which takes any name."""
    settings = [*_SETTINGS, *_filters_off(root)]
    environ = {name: value for name, value in git_environment().items() if name != "GIT_NO_LAZY_FETCH"}
    first = int(environ.get("GIT_CONFIG_COUNT") or 0)
    for number, (name, value) in enumerate(settings, first):
        environ |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return {
        **environ,
        "GIT_ALLOW_PROTOCOL": os.environ.get("GIT_ALLOW_PROTOCOL", _PROTOCOLS),
        "GIT_CONFIG_COUNT": str(first + len(settings)),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": os.environ.get("GIT_ASKPASS", ""),
        "SSH_ASKPASS_REQUIRE": "never",
    }


def _filters_off(root: Path) -> list[tuple[str, str]]:
    """Return the settings that turn off every filter whose command could lie in the tree."""
    listed = git_output(root, "config", "--null", "--get-regexp", r"^filter\..*\.(clean|smudge|process)$")
    found = [entry.partition("\n") for entry in (listed or b"").decode("utf-8", "replace").split("\0")]
    drivers = {name.rpartition(".")[0] for name, _, command in found if name and not command.startswith(_LFS)}
    off = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
    return [(f"{driver}.{key}", value) for driver in sorted(drivers) for key, value in off]


def _reason(said: bytes) -> str:
    """Return what git said last and why, without the password that a URL may hold."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    told = " ".join((fatal or lines)[:2])
    return re.sub(r"//[^/@\s]+@", "//***@", told)[:_LONGEST]


def _line(root: Path, *arguments: str) -> str | None:
    printed = git_output(root, *arguments)
    return None if printed is None else printed.decode("utf-8", "replace").strip() or None
