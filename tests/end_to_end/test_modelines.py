"""Every command that writes YAML says in its first line where an editor finds the schema."""

from __future__ import annotations

import pytest

from ftops.manifests.schema import SCHEMA_KINDS, schema_url
from ftops.manifests.writing import OWN_SCHEMAS, modeline
from tests.conftest import DIALECT, Emulator, ProjectDirectory
from tests.end_to_end.test_import_all import seed


@pytest.mark.parametrize("own", [False, True], ids=["published", "own copy"])
def test_what_takes_over_jobs_names_the_schema_and_plans_to_no_change(
    project: ProjectDirectory, emulator: Emulator, own: bool
) -> None:
    address = schema_url("finetune")
    if own:
        assert project.ftops("schema", "finetune", "--project") == 0
        project.write(f"{OWN_SCHEMAS}/{SCHEMA_KINDS['finetune']}", project.out)
        address = f"../{OWN_SCHEMAS}/{SCHEMA_KINDS['finetune']}"
    first, _ = seed(emulator, {"suffix": "one"}, {"suffix": "two"}, family=DIALECT)
    assert project.ftops("import", "one", first) == 0, project.err
    assert project.ftops("import", "--all", "--yes") == 0, project.err
    written = {path.stem: path.read_text() for path in (project.root / "jobs").iterdir()}
    assert written.keys() == {"one", "two"}
    assert all(text.startswith(modeline(address)) for text in written.values())
    assert project.plan() == {"one": "keep succeeded", "two": "keep succeeded"}
    # A file that is at the provider alone is left to a person.
    assert project.ftops("convert", "one", "--to", "local", "--model", "gpt-4.1-mini-2025-04-14") == 4
    assert project.out.startswith(modeline(address))


def test_a_new_project_names_both_schemas(project: ProjectDirectory) -> None:
    assert project.ftops("init", "new") == 0
    for file, kind in (("ftops.yaml", "project"), ("jobs/hello.yaml", "finetune")):
        assert (project.root / "new" / file).read_text().startswith(modeline(schema_url(kind)))
