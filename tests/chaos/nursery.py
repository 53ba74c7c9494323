"""A process that runs ftops commands by forking itself: with everything imported, a run takes 30 ms, not 700.

It reads orders from stdin, a JSON line each: `{"arguments": [...], "kill_after": seconds or null}`, and
answers each with `{"code", "out", "err"}` once that run has ended; its first line says that it is ready.

A run that is to be killed is killed by the kernel: a timer whose signal has no handler ends a process between
two instructions, just as SIGKILL does.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import tempfile
from typing import IO, Any

import ftops

KILLED = -signal.SIGALRM
"""The exit code of a run that was killed."""
BRINGS_THREADS = ("object_", "postgres")
"""Stores whose libraries start threads when imported: a process with threads must not fork."""

ON_NODES = "ftops.trainer"
"""What runs where torch is, and never in a run of ftops."""


def main() -> None:
    for module in pkgutil.walk_packages(ftops.__path__, "ftops."):
        room, _, name = module.name.rpartition(".")
        if name != "__main__" and not name.startswith(BRINGS_THREADS) and room != ON_NODES:
            importlib.import_module(module.name)
    gc.freeze()  # what a collection touches would be copied in every run
    answers = os.fdopen(os.dup(1), "w")
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        answers.write(json.dumps(_carried_out(json.loads(line))) + "\n")
        answers.flush()


def _carried_out(order: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _run(order, out, err)
        _, status = os.waitpid(child, 0)
        return {"code": os.waitstatus_to_exitcode(status), "out": _text(out), "err": _text(err)}


def _run(order: dict[str, Any], out: IO[bytes], err: IO[bytes]) -> None:
    """Be the run, and never return."""
    code = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        if order["kill_after"] is not None:
            signal.setitimer(signal.ITIMER_REAL, order["kill_after"])
        from ftops.cli.main import run

        code = run(order["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


if __name__ == "__main__":
    main()
