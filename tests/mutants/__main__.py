"""`python -m tests.mutants`: break the careful rooms in a sample of ways, and show what no test notices.

What is broken, and the quick tests that each mutant meets first, is in pyproject.toml under `tool.mutmut`;
what survives them meets the WIDER tests of its room. A seed draws the same sample of the same code. What
survives those too is judged by hand: docs/explanation/mutants.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.conformance.environments import environment
from tests.conftest import REPOSITORY
from tests.mutants.wording import only_words
from tests.versions.declared import requirements, tools

MUTMUT = "mutmut>=3.8,<4"
MUTANTS = REPOSITORY / "mutants"
FEW = "ftops.planner.situation.*__mutmut_1"
"""mutmut makes its mutants, and learns which test sees what, only when it runs some."""
KILLED, SURVIVED, UNSEEN = frozenset({1, 3}), 0, 33
"""What mutmut notes as the exit code of the tests; UNSEEN: no test comes by."""
_HISTORIES = "tests/property/test_at_most_one_job.py::test_no_history_breaks_a_law"
WIDER = {
    "applier": ("tests/end_to_end/test_recovery_without_marks.py", _HISTORIES),
    "planner": (
        "tests/unit/planner",
        "tests/end_to_end/test_cancel.py",
        "tests/end_to_end/test_invalid_data.py",
        "tests/property/test_cancelled_by_hand.py",
        "tests/property/test_provider_renames.py",
        _HISTORIES,
    ),
    "records": (
        "tests/property/test_provider_renames.py",
        "tests/end_to_end/test_adoption.py",
        "tests/end_to_end/test_state_surgery.py",
        "tests/end_to_end/test_outputs.py",
        _HISTORIES,
    ),
    "review": (
        "tests/unit/report",
        "tests/end_to_end/test_saved_plans.py",
        "tests/end_to_end/test_failure_documents.py",
        "tests/end_to_end/test_limits.py",
        "tests/end_to_end/test_costs.py",
        "tests/property/test_saved_plan_laws.py",
    ),
}
"""By room: tests that take long; the first that fails is enough, and those of a full disk are left out."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=300, help="how many mutants to try")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=35, help="stop then, with what was tried so far")
    parser.add_argument("--fresh", action="store_true", help="make the environment anew")
    parser.add_argument("--environments", type=Path, default=REPOSITORY / ".mutants")
    chosen = parser.parse_args(arguments)
    os.nice(10)
    deadline = time.monotonic() + chosen.minutes * 60
    installed = (MUTMUT, *requirements(), *tools(), "--editable", str(REPOSITORY))
    mutmut = environment(installed, chosen.environments, fresh=chosen.fresh).parent / "mutmut"
    shutil.rmtree(MUTANTS, ignore_errors=True)
    _run(mutmut, [FEW], None)
    names = draw(chosen.sample, chosen.seed)
    _say(f"{len(names)} of {len(verdicts())} mutants, seed {chosen.seed}")
    _run(mutmut, names, deadline - time.monotonic())
    codes = {name: code for name, code in verdicts().items() if name in names}
    counts = Counter(_verdict(code) for code in codes.values() if code not in (SURVIVED, UNSEEN))
    for name in [name for name, code in codes.items() if code in (SURVIVED, UNSEEN)]:
        noticed = _noticed(mutmut, name, deadline - time.monotonic())
        counts[noticed] += 1
        if noticed != "killed by the wider tests":
            _say(f"{noticed}: {_shown(mutmut, name)}")
    _say("mutants: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    return 0


def _run(mutmut: Path, names: list[str], seconds: float | None) -> None:
    """Try mutants with the quick tests, to the end or until the time is over."""
    command = [str(mutmut), "run", "--max-children", "1", *names]
    log = mutmut.parents[2] / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=_environ(), stdout=output, stderr=output)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait()
            code = 0
    if code:
        sys.exit(f"mutmut failed:\n{log.read_text(errors='replace')[-3000:]}")


def _noticed(mutmut: Path, name: str, seconds: float) -> str:
    """Try a mutant that survived with the wider tests of its room."""
    room = name.split(".")[1]
    command = [
        str(mutmut.with_name("python")),
        "-m",
        "pytest",
        "-xq",
        "-m",
        "not slow",
        "-k",
        "not disk",
        *WIDER[room],
    ]
    try:
        done = subprocess.run(
            command,
            cwd=MUTANTS,
            env=_environ(MUTANT_UNDER_TEST=name),
            capture_output=True,
            timeout=max(0.0, seconds),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "survived the quick tests"
    return "killed by the wider tests" if done.returncode else "survived"


def _environ(**more: str) -> dict[str, str]:
    return {**os.environ, "FTOPS_HYPOTHESIS": "gate", **more}


def verdicts() -> dict[str, int | None]:
    """Return every mutant with the exit code of the tests that tried it; None: not tried."""
    found: dict[str, int | None] = {}
    for path in sorted(MUTANTS.glob("ftops/**/*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def draw(size: int, seed: int) -> list[str]:
    """Draw a sample of those that change more than words: words have golden tests of their own."""
    words = only_words(MUTANTS / "ftops")
    names = sorted(verdicts().keys() - words)
    return sorted(random.Random(seed).sample(names, min(size, len(names))))


def _verdict(code: int | None) -> str:
    if code is None:
        return "not tried"
    return "killed by the quick tests" if code in KILLED else "out of time or crashed"


def _shown(mutmut: Path, name: str) -> str:
    shown = subprocess.run(
        [str(mutmut), "show", name], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    lines = [
        line for line in shown.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    return "\n".join([name, *lines])


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
