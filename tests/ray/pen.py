"""Run a Ray head in a network of its own, and pass one port to it. `head.py` starts it, inside `unshare`.

Ray opens ports on every interface, whatever it is told, and its processes outlive the one that started them.
In namespaces of its own it is reached by nobody but through this process, and when this process ends, the
kernel ends them all. Where namespaces are not to be had, the same program runs without, finds all its
descendants as their subreaper, and ends them itself.

    python pen.py LISTENING_FD PORT REDIS_PORT REDIS_SOCKET COMMAND...

A line of standard input is an order: `run ["COMMAND", ...]`, `end` (SIGTERM first), `kill` (SIGKILL at once).
The end of standard input is `kill`: nothing stays behind when the tests die.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

GRACE_SECONDS = 8.0
_SUBREAPER = 36
_SET_FLAGS = 0x8914
_UP = 0x1 | 0x40
_CHUNK = 1 << 16


def main(arguments: list[str]) -> int:
    """Serve until told to end."""
    listening, port, redis_port = (int(each) for each in arguments[:3])
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    _loopback_up()
    _serve(socket.socket(fileno=listening), lambda: socket.create_connection(("127.0.0.1", port)))
    if redis_port:
        inside = socket.create_server(("127.0.0.1", redis_port))
        _serve(inside, lambda: _unix(arguments[3]))
    head = subprocess.Popen(arguments[4:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_reap, daemon=True).start()
    for line in sys.stdin:
        order, _, rest = line.strip().partition(" ")
        if order == "run":
            subprocess.Popen(json.loads(rest), stdin=subprocess.DEVNULL)
            continue
        if order == "end":
            _ended(head.pid)
        break
    _kill_all()
    return 0


def _loopback_up() -> None:
    """Raise the loopback interface; refused where we are in the machine's own network, where it is up."""
    with contextlib.suppress(OSError), socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))


def _unix(path: str) -> socket.socket:
    """Connect to a socket in the file system, which no network namespace hides."""
    there = socket.socket(socket.AF_UNIX)
    there.connect(path)
    return there


def _serve(listening: socket.socket, connect: Callable[[], socket.socket]) -> None:
    def accept() -> None:
        while True:
            here, _ = listening.accept()
            try:
                there = connect()
            except OSError:
                here.close()
                continue
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=_pass, args=(one, other), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _pass(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := one.recv(_CHUNK):
            other.sendall(chunk)
    # Both ways end together only when both have ended: a reply may still be under way.
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


def _reap() -> None:
    """Collect what has ended, as the parent of all orphans has to."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            time.sleep(0.1)


def _ended(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _kill_all() -> None:
    """End all descendants: orphans come to this process, so a second look finds what was born meanwhile."""
    while found := list(_descendants(os.getpid())):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _descendants(root: int) -> Iterator[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    parents[int(entry.name)] = int(parent)
    for pid in parents:
        above: int | None = pid
        while (above := parents.get(above or 0)) is not None:
            if above == root:
                yield pid
                break


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
