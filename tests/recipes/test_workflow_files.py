"""The workflows, the action and the template as files, and a runner that knows no more than they need."""

from __future__ import annotations

import re
import tomllib
import uuid
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.recipes.expressions import substituted
from tests.recipes.team import APPLY, COMMENT, PLAN, RECONCILE
from tests.recipes.workflow import Event, Runner

ALL = (PLAN, COMMENT, APPLY, RECONCILE)


def test_every_workflow_of_the_repository_is_run_here() -> None:
    found = {
        path
        for ending in ("yml", "yaml")
        for path in REPOSITORY.glob(f"examples/**/.github/workflows/*.{ending}")
    }
    assert found == set(ALL)


def test_a_workflow_installs_from_our_own_address_and_never_by_a_name_alone() -> None:
    urls = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["urls"]
    ours = urls["Documentation"].split("/tree/")[0]
    text = RECONCILE.read_text()
    assert yaml.safe_load(text)["env"]["FTOPS_SOURCE"] == f"git+{ours}"
    installed = 'pip install "ftops[remote,tokens,policy] @ $FTOPS_SOURCE"'
    assert re.findall(r"pip install .*", text) == [installed]
    template = yaml.safe_load((REPOSITORY / "templates/gitlab-ci.yml").read_text())
    assert template["variables"]["FTOPS_SOURCE"] == f"git+{ours}"
    for workflow in (PLAN, COMMENT, APPLY):
        assert "pip install" not in workflow.read_text()


@pytest.mark.parametrize("workflow", ALL, ids=lambda path: path.stem)
def test_every_action_is_named_by_a_commit_and_no_expression_is_in_a_script(workflow: Path) -> None:
    for path in (workflow, REPOSITORY / "action.yml"):
        for used in re.findall(r"uses: (\S+)", path.read_text()):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", used), used
        for script in re.findall(r"run: \|\n((?: {8,}.*\n|\n)+)", path.read_text()):
            assert "${{" not in script


def test_what_is_not_known_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="unknown expression"):
        substituted("${{ secrets.OTHER }}", {"secrets": {}})
    pinned = "0" * 40
    for step, why in (
        (f"{{uses: someone/else@{pinned}}}", "no stand-in"),
        ("{uses: actions/checkout@v4}", "not pinned"),
        ("{run: 'true', working-directory: x}", "unknown keys of a step"),
    ):
        path = tmp_path / "w.yml"
        path.write_text(f"jobs: {{a: {{runs-on: x, steps: [{step}]}}}}\n")
        runner = Runner(tmp_path / uuid.uuid4().hex, "", tmp_path, "")
        with pytest.raises(AssertionError, match=why):
            runner.run(path, Event("push", {}, {}))
