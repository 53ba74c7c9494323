"""`python -m tests.conformance`: run clients and servers, print the table, exit 1 when a cell failed."""

import argparse
import sys
import time
from pathlib import Path

from tests.conformance.clients import CLIENTS, REPOSITORY
from tests.conformance.environments import environment, programs
from tests.conformance.runner import run_all, run_servers
from tests.conformance.servers import SERVERS
from tests.conformance.table import calls, exit_code, render


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    names = [each.name for each in (*CLIENTS, *SERVERS)]
    parser.add_argument("--only", choices=names, action="append", help="run this one; may be repeated")
    parser.add_argument("--fresh", action="store_true", help="make the environments anew")
    parser.add_argument("--calls", action="store_true", help="print what each client called")
    parser.add_argument("--environments", type=Path, default=REPOSITORY / ".conformance")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()

    def install(requirements: tuple[str, ...]) -> Path:
        return environment(requirements, chosen.environments, fresh=chosen.fresh)

    def install_programs(requirements: tuple[str, ...]) -> Path:
        return programs(requirements, chosen.environments, fresh=chosen.fresh)

    wanted = chosen.only or names
    columns = run_all([client for client in CLIENTS if client.name in wanted], install)
    columns += run_servers([server for server in SERVERS if server.name in wanted], install_programs)
    print(render(columns) + f", in {time.monotonic() - started:.0f} s")  # noqa: T201 - a command
    if chosen.calls:
        print(calls(columns))  # noqa: T201 - a command
    return exit_code(columns)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
