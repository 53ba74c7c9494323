"""`python launcher.py FIGURES PROGRAM ...`: run a program, and write down what it cost.

Linux counts into a process's peak memory what its parent had when it was started; so the parent is this,
which imports next to nothing, and not the one that measures.
"""

import os
import sys
import time


def main() -> None:
    """Write seconds (user, system, wall), peak KiB and the exit code; nothing where it did not start."""
    began = time.perf_counter()
    process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - began
    figures = (usage.ru_utime, usage.ru_stime, wall, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
    with open(sys.argv[1], "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib is memory
        file.write(" ".join(map(str, figures)))


if __name__ == "__main__":
    main()
