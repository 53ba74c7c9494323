"""`python -m ftops`, and the command `ftops`."""

import os
import sys

INTERRUPTED = 130
"""As `ExitCode.INTERRUPTED`, which may not be imported yet."""


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"] and _version_told():
        return
    import signal

    try:
        from ftops.cli.garbage import collect_late
        from ftops.cli.main import run
        from ftops.cli.streams import fill_closed_descriptors

        fill_closed_descriptors()
        collect_late()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
        if sys.stderr is not None:
            sys.stderr.write("Interrupted.\n")
    # What is decided stays so: a signal that comes while Python tidies up says nothing more.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end(code)


def _end(code: int) -> None:
    """End at once where everything is written: to take a large plan apart first is a tenth of its time."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(code)
    os._exit(code)


def _version_told() -> bool:
    """Tell the version without click, which takes three times as long as the rest.

    False: it could not be told, and the command line says why.
    """
    from ftops.version import __version__

    text = f"ftops {__version__}\n".encode()
    try:
        return os.write(1, text) == len(text)
    except OSError:
        return False


if __name__ == "__main__":
    main()
