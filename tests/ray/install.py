"""Make `.venv-ray`: a real Ray, and what the reference trainer stands on. `make ray` runs it.

The libraries of training come with a torch for CPUs, or not at all: the one for GPUs is 5 GB. It is looked
for in the index that FTOPS_TORCH_INDEX names, or where pip looks anyway. Without one, Ray alone is installed,
and the tests that train for real skip with the reason.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
ENVIRONMENT = REPOSITORY / ".venv-ray"
COMPLETE = ENVIRONMENT / "complete"
"""Written last: what is in the environment, as it was asked for."""
NO_TRAINING = ENVIRONMENT / "no-training"
"""Why the environment cannot train."""
RAY = "ray[default]==2.60.*"
"""The version whose facts are known; one step up is taken by running the tests of this folder."""
TORCH = "torch==2.13.0"
TIMEOUT_SECONDS = 900


def main() -> int:
    """Install what is missing."""
    index = os.environ.get("FTOPS_TORCH_INDEX", "")
    wanted = "\n".join([RAY, TORCH, *_training(), sys.version, hashlib.sha256(index.encode()).hexdigest()])
    if COMPLETE.exists() and COMPLETE.read_text() == wanted:
        return 0
    COMPLETE.unlink(missing_ok=True)
    NO_TRAINING.unlink(missing_ok=True)
    _say(f"Installing Ray into {ENVIRONMENT.name}, then torch and what trains on it: 2 GB, some minutes")
    subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
    _pip("install", "--quiet", "--upgrade", "pip>=25")
    _pip("install", "--quiet", RAY)
    if (why := _why_no_torch()) is None:
        _say("Ray is there; torch comes next")
        _pip("install", "--quiet", *_index(), TORCH)
        _say("torch is there; the libraries of the trainer come next")
        _pip("install", "--quiet", *_training())
    else:
        sys.stderr.write(f"{ENVIRONMENT.name} has Ray, and cannot train: {why}\n")
        NO_TRAINING.write_text(why)
    COMPLETE.write_text(wanted)
    return 0


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _training() -> list[str]:
    """Return what the extra `train` names."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return [str(each) for each in project["optional-dependencies"]["train"]]


def _index() -> list[str]:
    index = os.environ.get("FTOPS_TORCH_INDEX")
    return ["--index-url", index] if index else []


def _why_no_torch() -> str | None:
    """Ask pip which torch it would take, and say why that one is not for us."""
    report = ("--dry-run", "--ignore-installed", "--no-deps", "--report", "-")
    try:
        found = _pip("install", "--quiet", *report, *_index(), TORCH)
    except subprocess.CalledProcessError:
        return f"pip finds no {TORCH}: its own words are above"
    version: str = json.loads(found)["install"][0]["metadata"]["version"]
    # Only for this platform the package without a suffix is the one for GPUs.
    if (platform.system(), platform.machine()) == ("Linux", "x86_64") and not version.endswith("+cpu"):
        return f"pip finds torch {version}, not a build for CPUs: name an index of them in FTOPS_TORCH_INDEX"
    return None


def _pip(*words: str) -> str:
    python = str(ENVIRONMENT / "bin" / "python")
    done = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
