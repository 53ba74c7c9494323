"""No link that is written out of a stranger's tree leads out of the directory, whatever it goes through."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ftops.files.tree import linked

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.lists(st.sampled_from(["a", "b", "c", "..", ".", "", ".git"]), max_size=6).map("/".join)


@given(st.lists(PATHS, max_size=3), st.lists(st.tuples(PATHS, TARGETS), max_size=6))
@settings(max_examples=300)
def test_links_stay_inside(folders: list[str], links: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as made:
        below = Path(os.path.realpath(made)) / "below"
        below.mkdir()
        for folder in folders:
            (below / folder).mkdir(parents=True, exist_ok=True)
        for path, target in links:
            linked(below, path, target)
        assert set(below.parent.iterdir()) == {below}
        for found in below.rglob("*"):
            real = os.path.realpath(found)
            assert real == str(below) or real.startswith(f"{below}/")
