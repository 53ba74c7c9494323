"""`python -m ftops_trainer job.json`."""

from __future__ import annotations

import sys

from .contract import main
from .training import train

if __name__ == "__main__":
    sys.exit(main(train))
