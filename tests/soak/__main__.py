"""`make soak`: all of it, with its figures; exit code 1 where a law is broken."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.soak.run import Account, Soak, soak


def report(account: Account, seconds: float) -> str:
    """Return the figures of a soak."""
    results = ", ".join(f"{number:,} {result}" for result, number in account.results.most_common())
    lines = [
        f"{account.rounds:,} rounds in {seconds:,.0f} s ({results})",
        f"{account.kills} kills, {account.edits} edits, {account.faults} faults",
        f"{account.jobs} jobs; {account.messages} messages, {account.repeated} of them repeated after a kill",
        f"memory grows by {account.growth():.3f} KiB a round",
        *(f"BROKEN: {law}" for law in account.broken),
    ]
    return "".join(f"{line}\n" for line in lines)


def main(arguments: list[str]) -> int:
    """Run with the given number of rounds, 10,000 by default."""
    wanted = Soak(rounds=int(arguments[0])) if arguments else Soak()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        account = soak(wanted, Path(folder))
    sys.stdout.write(report(account, time.monotonic() - began))
    return 1 if account.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
