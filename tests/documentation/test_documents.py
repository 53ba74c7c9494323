"""What is published is true: schemas, exit codes, commands, and what a wheel holds."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest

from ftops.cli.main import COMMANDS, HELP
from ftops.datasets.formats import PUBLISHED, format_schema
from ftops.errors import ExitCode
from ftops.manifests.schema import SCHEMA_KINDS, schema_text
from ftops.model.change import Reason
from tests.conftest import REPOSITORY, Emulator, ProjectDirectory

SCHEMAS = REPOSITORY / "schemas"


@pytest.mark.parametrize("kind", sorted(SCHEMA_KINDS))
def test_every_schema_is_valid_and_printed(project: ProjectDirectory, kind: str) -> None:
    schema = json.loads(schema_text(kind))
    jsonschema.Draft7Validator.check_schema(schema)
    assert project.ftops("schema", kind) == 0
    assert json.loads(project.out) == schema


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("dialect", [None, "together", "alibaba"])
def test_the_schema_of_a_row_is_printed_and_stands_alone(
    project: ProjectDirectory, name: str, dialect: str | None
) -> None:
    more = ("--dialect", dialect) if dialect else ()
    assert project.ftops("schema", f"dataset-{name}", *more) == 0
    schema = json.loads(project.out)
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema == format_schema(name, dialect or "")
    for example in schema.get("examples", ()):
        jsonschema.Draft7Validator(schema).validate(example)


def test_a_dialect_is_for_rows_alone_and_must_be_known(project: ProjectDirectory) -> None:
    assert project.ftops("schema", "plan", "--dialect", "together") == 64
    assert project.ftops("schema", "dataset-chat", "--dialect", "togehter") == 64
    assert "use one of: " in project.err


def test_every_plan_and_apply_document_is_valid(project: ProjectDirectory, emulator: Emulator) -> None:
    validator = jsonschema.Draft7Validator(json.loads(schema_text("plan")))
    project.manifest("a", "hyperparameters: {n_epochs: 3}")
    project.manifest("b", "suffix: b", model="{from: a}")
    for arguments in (
        ("plan", "--format", "json"),
        ("apply", "--yes", "--format", "json"),
        ("plan", "--format", "json"),
    ):
        assert project.ftops(*arguments) == 0
        validator.validate(json.loads(project.out))
    project.manifest("a", "hyperparameters: {n_epochs: 4}")
    project.ftops("plan", "--format", "json")
    validator.validate(json.loads(project.out))
    project.write("jobs/b.yaml", "oops: [")
    project.ftops("plan", "--format", "json")
    validator.validate(json.loads(project.out))


def test_the_reference_has_every_exit_code_and_reason() -> None:
    codes = (REPOSITORY / "docs/reference/exit-codes.md").read_text()
    for code in ExitCode:
        assert f"| {code.value} | {code.meaning} |" in codes
    table = (REPOSITORY / "docs/reference/decision-table.md").read_text()
    assert [reason.value for reason in Reason if f"`{reason.value}`" not in table] == []


def test_every_command_has_help_and_stands_in_the_readme(project: ProjectDirectory) -> None:
    readme = (REPOSITORY / "README.md").read_text()
    assert COMMANDS.keys() == HELP.keys()
    for command in COMMANDS:
        assert f"ftops {command}" in readme
        assert project.ftops(command, "--help") == 0
        assert project.out.startswith("Usage: ftops")


def test_help_and_version_import_nothing_heavy() -> None:
    for arguments in (["--help"], ["--version"]):
        code = (
            "import sys; from ftops.cli.main import run; "
            f"run({arguments!r}); "
            "heavy = 'requests jsonschema jsonschema_rs deepdiff flask jinja2 yaml'.split(); "
            "print([name for name in heavy if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_a_wheel_and_an_sdist_hold_the_schemas_and_an_installed_wheel_finds_them(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(REPOSITORY)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    (sdist,) = tmp_path.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    tables = [str(file.relative_to(SCHEMAS)) for file in (SCHEMAS / "datasets").rglob("*.json")]
    assert "datasets/together/chat.v1.json" in tables
    for file in (*SCHEMA_KINDS.values(), *tables):
        assert f"ftops/schemas/{file}" in names
    listing = subprocess.run(["tar", "tzf", str(sdist)], check=True, capture_output=True, text=True).stdout
    assert all(f"/schemas/{file}" in listing for file in SCHEMA_KINDS.values())
    pages = [path.name for path in (REPOSITORY / "docs/man").glob("*.1")]
    assert "ftops-plan.1" in pages
    for page in pages:
        assert any(name.endswith(f".data/data/share/man/man1/{page}") for name in names)
        assert f"/docs/man/{page}" in listing
    assert not [name for name in names if "generator" in name]
    for file in ("docs/tutorial/README.md", "examples/legacy/ftops.yaml", "examples/monorepo/ftops.yaml"):
        assert f"/{file}" in listing
    unpacked = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(unpacked)
    code = "import sys; sys.path.insert(0, sys.argv[1]); from ftops.manifests import schema; "
    code += "print(schema.__file__); schema.schema_text('finetune'); "
    code += "from ftops.datasets import formats; formats.format_schema('chat', 'together'); "
    code += "from ftops.report import html, summary; "
    code += "html.render_html(summary.Summary('p', summary.Verdict.NOTHING, 'changes nothing'))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(unpacked)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert str(unpacked) in done.stdout
