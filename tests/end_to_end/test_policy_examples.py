"""The example for OPA and Conftest, judged by a Rego interpreter over the plans that ftops prints."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ftops.manifests.schema import schema_text
from tests.conftest import REPOSITORY, ProjectDirectory

REGO = (REPOSITORY / "examples/policy/plan.rego").read_text()
PRICE = "  prices: {local: {'*': {training_per_million_tokens: 3000000}}}\n"


def judged(project: ProjectDirectory) -> dict[str, Any]:
    regopy = pytest.importorskip("regopy")
    project.ftops("plan", "--format", "json")
    interpreter = regopy.Interpreter()
    interpreter.add_module("plan", REGO)
    interpreter.set_input_term(project.out)
    asked = {name: interpreter.query(f"data.main.{name}") for name in ("deny", "warn")}
    return {name: json.loads(str(found))["expressions"][0] for name, found in asked.items()}


def test_the_example_refuses_what_it_says(project: ProjectDirectory) -> None:
    project.manifest("a")
    project.manifest("b", "suffix: b", model="{from: a}", labels="{team: support}")
    found = judged(project)
    assert sorted(found["deny"]) == [
        "a: its cost is unknown",
        "a: no label says which team pays",
        "b: its cost is unknown",
    ]
    project.write("ftops.yaml", (project.root / "ftops.yaml").read_text() + PRICE)
    (project.root / "jobs/b.yaml").unlink()
    project.manifest("a", "hyperparameters: {n_epochs: 1}", labels="{team: support}")
    (dear,) = judged(project)["deny"]
    assert re.fullmatch(r"a: it may cost \$[\d.]+, more than \$20", dear)


def test_the_example_reads_fields_that_a_plan_has() -> None:
    schema = json.loads(schema_text("plan"))
    fields = schema["properties"]
    assert set(re.findall(r"\binput\.(\w+)", REGO)) <= fields.keys()
    assert set(re.findall(r"\binput\.summary\.(\w+)", REGO)) <= fields["summary"]["properties"].keys()
    change = fields["changes"]["items"]["properties"]
    assert set(re.findall(r"\bchange\.(\w+)", REGO)) <= change.keys()
    assert "estimated_cost" in json.dumps(change["then"])
    assert '"high"' in json.dumps(schema)
