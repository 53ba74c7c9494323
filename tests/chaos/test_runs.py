"""The processes that run ftops: each run is one of its own, and dies at once when its time has come."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.runs import Runner


@pytest.mark.slow
def test_a_run_answers_with_its_own_output_and_a_killed_one_says_nothing(tmp_path: Path) -> None:
    project = "apiVersion: ftops/v1\nkind: Project\nmetadata: {name: x}\nspec: {}\n"
    (tmp_path / "ftops.yaml").write_text(project)
    with Runner() as runner:
        runner.ready()
        whole = runner.ftops(tmp_path, "plan")
        assert (whole.killed, bool(whole.out or whole.err)) == (False, True)
        killed = runner.ftops(tmp_path, "plan", kill_after=0.001)
        assert (killed.killed, killed.out) == (True, "")
        assert runner.ftops(tmp_path, "plan") == whole
