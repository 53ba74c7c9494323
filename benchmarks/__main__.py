"""`python -m benchmarks`: measure, keep the raw figures, and draw the page; `make bench` calls it."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.page import redraw
from benchmarks.peers import octodns, terraform
from benchmarks.place import REPOSITORY, RESULTS
from benchmarks.results import Results
from benchmarks.scenarios.bench import Bench
from benchmarks.scenarios.registry import SCENARIOS

_LIBRARIES = ("click", "jsonschema-rs", "orjson", "pyyaml", "requests", "urllib3")


def main(arguments: list[str]) -> None:
    """Measure what was chosen, keeping figures after each case."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    target = RESULTS / f"{chosen.out}.json"
    found = results.load(target) if target.exists() else Results({})
    about = _about()
    if found.about and {**found.about, "date": about["date"]} != about:
        parser.error(f"{target.name} is of another commit, machine or version: name another with --out")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ftops-benchmark-") as folder:
        bench = Bench(Path(folder), tuple(chosen.n), chosen.creates, chosen.peers_up_to)
        for name in chosen.scenarios:
            _say(f"{name} (after {time.monotonic() - began:.0f} s)")
            for measured in SCENARIOS[name](bench):
                found = found.with_runs(measured, about)
                results.save(found, target)
                for case in sorted(measured):
                    cpu, peak = found.median(case, "cpu") or 0, found.median(case, "peak") or 0
                    _say(f"  {case.name:18} {case.size:7,} {case.layout:5} {cpu:9.3f} s CPU {peak:7.0f} MiB")
    _say(f"{target} written in {time.monotonic() - began:.0f} s")
    if chosen.page:
        redraw(target)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    every = ",".join(SCENARIOS)
    parser.add_argument("--scenarios", type=_names, default=_names(every), help=f"some of {every}")
    parser.add_argument("--n", type=_sizes, default=(1_000, 10_000), help="fine-tunes: 1000,10000,100000")
    parser.add_argument("--creates", type=int, default=1_000, help="creates of an apply")
    parser.add_argument("--peers-up-to", type=int, default=10_000, help="the largest size for the peers")
    parser.add_argument("--out", default=time.strftime("%Y-%m-%d"), help="the name of the file in results/")
    parser.add_argument("--page", action="store_true", help="draw docs/explanation/performance.md from it")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - SCENARIOS.keys():
        raise argparse.ArgumentTypeError(f"no such scenario: {', '.join(sorted(unknown))}")
    return names


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(","))


def _about() -> dict[str, Any]:
    program = terraform.program()
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": _commit(),
        "machine": results.machine(),
        "versions": {
            "ftops": version("ftops"),
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
            "octodns": octodns.REQUIREMENT.partition("==")[2],
            "terraform": terraform.version(program) if program else None,
        },
    }


def _commit() -> str:
    """Return the last commit that changed ftops, with `+` where its files differ from that."""
    last = _git("log", "-1", "--format=%h", "--", "ftops").strip()
    return (last or "unknown") + ("+" if _git("status", "--porcelain", "--", "ftops") else "")


def _git(*words: str) -> str:
    """Return what git says; nothing in a tree that is no repository."""
    command = ["git", "-C", str(REPOSITORY), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    main(sys.argv[1:])
