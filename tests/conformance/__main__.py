"""`python -m tests.conformance`: run the clients, print the table, exit 1 when a cell failed."""

import argparse
import sys
import time
from pathlib import Path

from tests.conformance.clients import CLIENTS, REPOSITORY
from tests.conformance.environments import environment
from tests.conformance.runner import run_all
from tests.conformance.table import calls, exit_code, render


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    names = [client.name for client in CLIENTS]
    parser.add_argument("--only", choices=names, action="append", help="run this client; may be repeated")
    parser.add_argument("--fresh", action="store_true", help="make the environments anew")
    parser.add_argument("--calls", action="store_true", help="print what each client called")
    parser.add_argument("--environments", type=Path, default=REPOSITORY / ".conformance")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()

    def install(requirements: tuple[str, ...]) -> Path:
        return environment(requirements, chosen.environments, fresh=chosen.fresh)

    columns = run_all([client for client in CLIENTS if client.name in (chosen.only or names)], install)
    print(render(columns) + f", in {time.monotonic() - started:.0f} s")  # noqa: T201 - a command
    if chosen.calls:
        print(calls(columns))  # noqa: T201 - a command
    return exit_code(columns)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
