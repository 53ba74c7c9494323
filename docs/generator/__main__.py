"""Write every generated page."""

from __future__ import annotations

from pathlib import Path

from docs.generator.pages import PAGES, REPOSITORY, man_pages
from docs.generator.providers import FOLDER

if __name__ == "__main__":
    pages = {**{path: draw() for path, draw in PAGES.items()}, **man_pages()}
    for old in (*REPOSITORY.glob("docs/man/*.1"), *REPOSITORY.glob(f"{FOLDER}/*.md")):
        if str(old.relative_to(REPOSITORY)) not in pages:
            old.unlink()
    for path, text in pages.items():
        target = REPOSITORY / Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
