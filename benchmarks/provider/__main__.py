"""`python -m benchmarks.provider [--jobs FILE] [--files FILE] [--latency SECONDS]`: serve until stdin ends.

The first line of output is the base URL. Jobs and files are JSON lines, oldest first.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from benchmarks.provider.account import Account
from benchmarks.provider.connection import Connection
from benchmarks.provider.routes import Routes


async def serve(routes: Routes) -> None:
    """Serve on a free port of loopback until nobody holds stdin open any more."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(routes), "127.0.0.1", 0)
    _, port = server.sockets[0].getsockname()
    print(f"http://127.0.0.1:{port}/v1", flush=True)  # noqa: T201 - whoever started this reads it
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main(arguments: list[str]) -> None:
    """Serve what was chosen."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.provider", description=__doc__)
    parser.add_argument("--jobs", type=Path)
    parser.add_argument("--files", type=Path)
    parser.add_argument("--latency", type=float, default=0.0)
    chosen = parser.parse_args(arguments)
    account = Account(_lines(chosen.jobs), _lines(chosen.files))
    asyncio.run(serve(Routes(account, chosen.latency)))


def _lines(path: Path | None) -> list[bytes]:
    return path.read_bytes().splitlines() if path else []


if __name__ == "__main__":
    main(sys.argv[1:])
