"""The controller's process: rounds of one project, each a given time after the last by both clocks.

A line of JSON for each round on stdout: its number, result, code, and this process's resident memory in KiB.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import requests
from msgspec import Struct

from ftops.api.surroundings import Surroundings
from ftops.controller.rounds import reconcile_round
from ftops.review.selection import Selection


class MovedClock(Struct):
    """The real clocks, and how far they were moved (seconds): at a round's end, never within one."""

    ahead: float = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def main(root: str, control: str, rounds: str, step: str) -> None:
    """Run rounds; the provider's clock is moved before each, and ours set by it."""
    clock = MovedClock()
    surroundings = Surroundings(dict(os.environ), clock=clock)
    with requests.Session() as session:
        for number in range(int(rounds)):
            reply = session.post(f"{control}/time", json={"advance": float(step)}, timeout=30)
            clock.ahead = float(reply.json()["now"]) - time.time()
            chosen = Selection(patient=True, defers=True)
            done = reconcile_round(Path(root), surroundings, chosen, 8)
            told = {"round": number, "result": done.result, "code": int(done.code), "rss": resident()}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


def resident() -> int:
    """Return this process's resident memory in KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
