"""One environment for each set of requirements, kept between runs: of Python packages, or of npm's."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMPLETE = "complete"
"""Written last: an environment without it was interrupted and is made anew."""
TIMEOUT_SECONDS = 600
NPM = "npm:"


class CannotInstall(Exception):
    """An environment could not be made."""


def environment(
    requirements: tuple[str, ...], folder: Path, *, fresh: bool = False, python: str = sys.executable
) -> Path:
    """Return the Python of an environment with the requirements, made of `python` where it is missing.

    A requirement without a version stays at what was newest when the environment was made: `fresh` renews it.
    """
    place = folder / _name(requirements, python)
    own = place / "bin" / "python"
    with _alone(place):
        if fresh or not (place / COMPLETE).exists():
            shutil.rmtree(place, ignore_errors=True)
            _run(python, "-m", "venv", str(place))
            _run(str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
            (place / COMPLETE).touch()
    return own


def programs(requirements: tuple[str, ...], folder: Path, *, fresh: bool = False) -> Path:
    """Return the folder of the programs that the requirements bring: of PyPI, or of npm after an `npm:`."""
    packages = [each.removeprefix(NPM) for each in requirements if each.startswith(NPM)]
    if not packages:
        return environment(requirements, folder, fresh=fresh).parent
    place = folder / _name(requirements)
    with _alone(place):
        if fresh or not (place / COMPLETE).exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), *packages)
            (place / COMPLETE).touch()
    return place / "node_modules" / ".bin"


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the environment's lock: of the workers of one run of tests, one makes it and the others wait."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _name(requirements: tuple[str, ...], python: str = sys.executable) -> str:
    """Name the folder for people by the first requirement, and for us by all of them and the Python."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}" if python == sys.executable else python
    digest = hashlib.sha256("\n".join((version, *requirements)).encode()).hexdigest()[:8]
    return f"{re.sub('[^a-z0-9.]+', '-', requirements[0])}-{digest}"


def _run(*command: str) -> None:
    try:
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        raise CannotInstall(f"{' '.join(command[1:])}: {error.stdout.strip()[-500:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(str(error)) from error
