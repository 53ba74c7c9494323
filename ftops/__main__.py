"""`python -m ftops`, and the command `ftops`."""

import gc
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from ftops.cli.main import run

    # A run makes many values and few cycles, then ends: collecting as often as Python does costs a fifth.
    gc.set_threshold(200_000, 50, 50)

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
