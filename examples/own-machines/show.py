"""`make own-machines`: a Ray head on this machine, two chained fine-tunes for real, what they have learnt.

Takes about two minutes once `.venv-ray` is there, and stops what it has started, whatever happens.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
FTOPS = REPOSITORY / ".venv" / "bin" / "ftops"
RAY = REPOSITORY / ".venv-ray" / "bin"
QUESTIONS = ("my invoice was charged twice", "how do I find my page", "the login is broken")
START_SECONDS = 180.0
STOP_SECONDS = 30.0


def main() -> int:
    """Show it all; return the exit code of the first step that fails."""
    began = time.monotonic()
    if (RAY.parent / "no-training").exists():
        why = (RAY.parent / "no-training").read_text().strip()
        print(f"This machine cannot train: {why}", file=sys.stderr)
        return 1
    shutil.rmtree(HERE / ".ftops", ignore_errors=True)
    say("Starting a Ray head on this machine (about 15 seconds, 700 MB while it runs)")
    with head() as address:
        os.environ["RAY_API_SERVER_ADDRESS"] = address
        say(f"The head answers at {address}, {since(began)}; what would be trained")
        ftops("plan")
        say("Training: 96 steps, then 36 more on top of them (about a minute)")
        ftops("apply", "--yes", "--wait", "--timeout", "20m")
        say(f"Both are trained, {since(began)}")
        ftops("metrics", "triage", "--plot")
        ftops("status")
        ftops("outputs")
        ask_all()
    say(f"The head is stopped, {since(began)}. The models stay in /tmp/ftops-own-machines")
    return 0


def say(words: str) -> None:
    """Say what happens next."""
    print(f"\n== {words}", flush=True)


def since(began: float) -> str:
    """Say how long it has taken so far."""
    return f"{time.monotonic() - began:.0f} s since the start"


def ftops(*words: str) -> None:
    """Run ftops as a person would, and show the command."""
    print(f"$ ftops {' '.join(words)}", flush=True)
    done = subprocess.run([FTOPS, "-C", HERE, *words], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


@contextmanager
def head() -> Iterator[str]:
    """Run a Ray head of our own until the block ends; nobody else's is touched."""
    home = Path(tempfile.mkdtemp(prefix="ftops-", dir="/tmp"))  # Ray's sockets need a short path
    port, inner = free_port(), free_port()
    environ = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PATH": f"{RAY}{os.pathsep}{os.environ['PATH']}"}
    command = [
        *(RAY / "ray", "start", "--head", "--block", "--node-ip-address", "127.0.0.1", "--num-cpus", "2"),
        *("--port", str(inner), "--dashboard-host", "127.0.0.1", "--dashboard-port", str(port)),
        *("--dashboard-agent-listen-port", str(free_port()), "--ray-client-server-port", str(free_port())),
        *("--object-store-memory", "100000000", "--temp-dir", home / "ray", "--disable-usage-stats"),
    ]
    with (home / "head.log").open("wb") as log:
        running = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, running, home / "head.log")
        yield address
    finally:
        stop(running)
        shutil.rmtree(home, ignore_errors=True)


def wait_for(address: str, running: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the head takes jobs, with a dot a second. Raises SystemExit where it never does."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and running.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{address}/api/jobs/", timeout=5):
            print(flush=True)
            return
        print(".", end="", flush=True)
        time.sleep(1)
    raise SystemExit(f"\nthe head did not start: {log.read_text(errors='replace')[-800:]}")


def stop(running: "subprocess.Popen[bytes]") -> None:
    """Stop the head and all that it started, by its process group."""
    for order in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(running.pid, order)
        with suppress(subprocess.TimeoutExpired):
            running.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)


def free_port() -> int:
    """Return a port that nobody listens at just now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def ask_all() -> None:
    """Ask the base model and both fine-tuned ones the same."""
    outputs = subprocess.run(
        [FTOPS, "-C", HERE, "outputs", "--format", "json"], check=True, capture_output=True, text=True
    ).stdout
    say("The same questions, before and after")
    subprocess.run(
        [RAY / "python", HERE / "ask.py", REPOSITORY / "ftops" / "trainer", *QUESTIONS],
        input=outputs,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
    )


if __name__ == "__main__":
    raise SystemExit(main())
