"""The action, the workflows, the template and the hooks, looked at by the tools of others, offline."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.conformance.environments import CannotInstall, programs
from tests.conftest import REPOSITORY
from tests.repository import Repository
from tests.services import Unavailable, started

REQUIREMENTS = ("zizmor==1.32.0", "check-jsonschema==0.39.0", "pre-commit==4.3.0")
WORKFLOWS = sorted((REPOSITORY / "examples/github/.github/workflows").glob("*.yml"))
TEMPLATE = REPOSITORY / "templates/gitlab-ci.yml"
HOOKS = REPOSITORY / ".pre-commit-hooks.yaml"
ACTION = REPOSITORY / "action.yml"
SCHEMAS = [
    ("vendor.github-actions", [], [ACTION]),
    ("vendor.github-workflows", [], WORKFLOWS),
    ("custom.github-workflows-require-timeout", [], WORKFLOWS),
    ("vendor.gitlab-ci", ["--data-transform", "gitlab-ci"], [TEMPLATE]),
]


@pytest.fixture(scope="session")
def tools() -> Iterator[Path]:
    def installed() -> nullcontext[Path]:
        try:
            return nullcontext(programs(REQUIREMENTS, REPOSITORY / ".conformance"))
        except CannotInstall as why:
            raise Unavailable(str(why)) from why

    yield from started("zizmor", installed)


def zizmor(tools: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Look for everything that needs no network; a file that cannot be read is an error, too."""
    options = ["--offline", "--no-progress", "--strict-collection", "--collect=all", "--pedantic"]
    return subprocess.run(
        [str(tools / "zizmor"), *options, *map(str, paths)],
        env={"PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def copied(folder: Path) -> Path:
    """Copy what zizmor is to see, and nothing else of the repository."""
    shutil.copytree(REPOSITORY / "examples/github", folder / "examples/github")
    for path in (ACTION, HOOKS):
        shutil.copy(path, folder)
    return folder


@pytest.mark.slow
def test_zizmor_finds_nothing_in_what_we_hand_out(tools: Path, tmp_path: Path) -> None:
    done = zizmor(tools, copied(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for path in (ACTION, HOOKS, *WORKFLOWS):
        assert f"{path.name}" in done.stderr, f"{path.name} was not looked at"
    assert "(1 ignored" in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("action.yml", '-C "$DIRECTORY" plan', "-C ${{ inputs.directory }} plan"),
        ("examples/github/.github/workflows/plan.yml", "persist-credentials: false", "clean: true"),
        (
            "examples/github/.github/workflows/plan.yml",
            "@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
            "@main",
        ),
        ("examples/github/.github/workflows/comment.yml", "# zizmor: ignore[dangerous-triggers]", "#"),
        ("examples/github/.github/workflows/apply.yml", "permissions: {}", "permissions: write-all"),
        ("examples/github/.github/workflows/plan.yml", "runs-on: ubuntu-latest", "runs: [}"),
    ],
)
def test_zizmor_would_find_what_we_avoid(tools: Path, tmp_path: Path, name: str, good: str, bad: str) -> None:
    path = copied(tmp_path) / name
    text = path.read_text()
    assert good in text
    path.write_text(text.replace(good, bad))
    assert zizmor(tools, tmp_path).returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize(("schema", "options", "paths"), SCHEMAS, ids=[one[0] for one in SCHEMAS])
def test_the_files_have_the_form_that_their_readers_ask_for(
    tools: Path, schema: str, options: list[str], paths: list[Path]
) -> None:
    command = [str(tools / "check-jsonschema"), "--builtin-schema", schema, *options, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_hook_is_installed_by_pre_commit_and_stops_what_is_wrong(tools: Path, tmp_path: Path) -> None:
    hooks = Repository.init(tmp_path / "hooks")
    for name in ("ftops", "pyproject.toml", "README.md", "LICENSE", "schemas", HOOKS.name):
        source = REPOSITORY / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".ftops")
            shutil.copytree(source, hooks.root / name, ignore=ignored)
        else:
            shutil.copy(source, hooks.root)
    hooks.commit()
    project = Repository.init(tmp_path / "project")
    quickstart = REPOSITORY / "examples/quickstart"
    shutil.copytree(quickstart, project.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".ftops"))
    project.commit()
    assert tried(tools, hooks, project).returncode == 0
    (manifest,) = (project.root / "jobs").glob("*.yaml")
    project.commit({f"jobs/{manifest.name}": manifest.read_text().replace("model:", "modl:")})
    done = tried(tools, hooks, project)
    assert done.returncode == 1
    assert f"jobs/{manifest.name}" in done.stdout


def tried(tools: Path, hooks: Repository, project: Repository) -> subprocess.CompletedProcess[str]:
    """Run the hook on all files, as pre-commit would after an install."""
    kept = {name: os.environ[name] for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE") if name in os.environ}
    home = project.root.parent / "home"
    return subprocess.run(
        [
            str(tools / "pre-commit"),
            "try-repo",
            str(hooks.root),
            "ftops-validate",
            "--all-files",
            "--verbose",
        ],
        cwd=project.root,
        env={**kept, "PATH": f"{tools}:/usr/bin:/bin", "HOME": str(home), "PRE_COMMIT_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
