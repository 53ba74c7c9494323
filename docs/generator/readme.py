"""The README's table of providers, between two markers; the rest of the page is written by hand."""

from __future__ import annotations

from pathlib import Path

from docs.generator.providers import FOLDER, matrix
from ftops.providers.retirements import known_retirements

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN = "<!-- providers: drawn by `make docs` -->"
END = "<!-- providers: end -->"


def readme_page() -> str:
    """Return the README with its table drawn anew. Raises ValueError where a marker is missing."""
    text = README.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has no {END if begin else BEGIN}")
    table = "\n".join(matrix(f"{FOLDER}/", ".md"))
    told = (
        f"Dates as collected on {known_retirements().collected}; `ftops providers` says how it stands today."
    )
    return f"{before}{begin}\n{table}\n\n{told}\n{end}{after}"
