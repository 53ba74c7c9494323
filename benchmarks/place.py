"""Where things are."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = REPOSITORY / "benchmarks/results"
ENVIRONMENTS = REPOSITORY / "benchmarks/.environments"
PAGE = REPOSITORY / "docs/explanation/performance.md"
