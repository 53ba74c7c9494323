"""The Python API: its names, what importing it costs, and that the page's examples run as written."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import assert_type

import pytest

import ftops
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs/reference/python-api.md"

# fmt: off
PUBLIC = [
    "Acknowledged",
    "Action", "Ambiguous", "Amount", "ApplyResult", "Cancellation", "Cancelled", "Change", "ChangeResult",
    "ChargeSource", "Conversion", "CostEstimate", "CostReport", "DataFile", "Dataset", "Event", "EventKind",
    "ExitCode", "Failure", "Fate", "FieldDifference", "FineTune", "Forbidden", "ForgeError", "FtopsError",
    "Imported",
    "ImportedJob", "Interrupted", "InvalidInput", "Job", "JobError", "JobEvent", "JobList", "JobRequest",
    "JobStatus", "LeaseLost", "Loaded", "LockHeld", "Method", "NeedsPerson", "NoModel", "NotFound",
    "NotReady", "NotSent", "Outcome", "Output", "PassedOver", "Problem", "Project", "ProjectState",
    "Provider", "ProviderError", "RateLimited", "Reason", "Refused", "Rejected", "Reply", "RequestFile",
    "ReviewedPlan", "SecretExposed", "Spending", "StateConflict", "StateEdit", "StateError", "StateMoved",
    "StateUncertain", "StateVersion", "StatusRow", "Tally", "Then", "Unauthorized", "Unpaid",
    "Unsupported", "UploadedFile", "Upstream", "UsageError", "Violation", "Waste", "__version__", "load",
    "open_project", "open_provider", "read_costs", "read_outputs",
]
# fmt: on


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(ftops.__all__) == sorted(PUBLIC)
    for name in PUBLIC:
        assert getattr(ftops, name) is not None
    assert set(PUBLIC) <= set(dir(ftops))
    written = PAGE.read_text().split("## All public names")[1]
    assert sorted(re.findall(r"`(\w+)`", written)) == sorted(PUBLIC)


def test_a_name_that_is_not_public_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'opne_project'"):
        ftops.opne_project  # type: ignore[attr-defined] # noqa: B018 - type checkers say so too


def test_every_error_of_the_tree_is_public() -> None:
    from ftops import errors

    tree = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert {name for name in tree if issubclass(getattr(errors, name), errors.FtopsError)} <= set(PUBLIC)


def test_type_checkers_see_every_name() -> None:
    tree = ast.parse(Path(ftops.__file__).read_text())
    seen = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen - {"import_module"} == set(PUBLIC)
    assert (REPOSITORY / "ftops/py.typed").exists()


def as_mypy_sees_it() -> None:
    """Never called: `make check` proves with it that the lazy names have their types."""
    with ftops.open_project(".") as project:
        assert_type(project, ftops.Project)
        plan = assert_type(project.plan(), ftops.ReviewedPlan)
        assert_type(project.apply(plan), ftops.ApplyResult)
        assert_type(project.status(), tuple[ftops.StatusRow, ...])
        assert_type(project.outputs(), Mapping[str, ftops.Output])
        assert_type(project.state.mv("a", "b"), ftops.StateEdit)
        assert_type(project.state.history(), tuple[ftops.StateVersion, ...])
        assert_type(project.import_job("a", "ftjob-1"), ftops.ImportedJob)
        assert_type(project.convert("a", to="b"), ftops.Conversion)
        assert_type(project.import_all(dry_run=True), ftops.Imported)
    with ftops.open_provider("openai", api_key="k") as provider:
        assert_type(provider, ftops.Provider)
        assert_type(provider.retrieve_fine_tune_with_http_info("x")[0], ftops.Job)


def test_importing_ftops_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import ftops; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['ftops', 'ftops.version']"


def test_the_api_needs_no_click_and_a_load_no_requests_or_flask() -> None:
    code = (
        "import sys, ftops; ftops.load('examples/quickstart'); "
        "heavy = 'click requests flask deepdiff'.split(); print([one for one in heavy if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout.strip() == "[]"


def test_every_example_of_the_page_runs_and_prints_what_the_page_says(
    copy_example: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_example("quickstart")
    # In one second of ours 60,000 pass for the jobs: the test would wait, not the reader.
    project = (root / "ftops.yaml").read_text().replace("speed: 600", "speed: 60000")
    (root / "ftops.yaml").write_text(project)
    monkeypatch.chdir(root)
    blocks = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "text"] * (len(blocks) // 2)
    for (_, code), (_, expected) in zip(blocks[::2], blocks[1::2], strict=True):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(PAGE), "exec"), {"__name__": "example"})
        assert _trimmed(printed.getvalue()) == _trimmed(expected)


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]
