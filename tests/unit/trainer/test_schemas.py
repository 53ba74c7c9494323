"""One truth: what the schemas declare is what the trainer reads, on nodes that have no jsonschema too."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from ftops.trainer.codes import Refused
from ftops.trainer.job import Hyperparameters, job_of
from ftops.trainer.schema import JOB, problems, schema
from tests.conftest import REPOSITORY
from tests.unit.trainer.nodes import Node

DECLARED: Mapping[str, Any] = schema(JOB)["properties"]["hyperparameters"]["properties"]
RULES = Draft7Validator(schema(JOB))
EXAMPLE: Mapping[str, Any] = schema(JOB)["examples"][0]


def test_the_example_of_the_schema_is_right() -> None:
    RULES.validate(EXAMPLE)
    assert job_of(EXAMPLE).base_model == "Qwen/Qwen3-8B"


def test_every_hyperparameter_is_declared_read_and_explained() -> None:
    assert sorted(field.name for field in fields(Hyperparameters)) == sorted(DECLARED)
    for name, rules in DECLARED.items():
        assert {"title", "description"} <= rules.keys(), name
        if "default" in rules:
            Draft7Validator(rules).validate(rules["default"])


def test_what_a_document_leaves_out_is_what_the_schema_says() -> None:
    job = job_of({**EXAMPLE, "hyperparameters": {}})
    for name, rules in DECLARED.items():
        if "default" in rules:
            assert getattr(job.hyperparameters, name) == rules["default"], name
    assert job.hyperparameters.lora_alpha == 2 * job.hyperparameters.lora_r
    assert job_of({key: value for key, value in EXAMPLE.items() if key != "seed"}).seed == 42


@pytest.mark.parametrize("method", ["supervised", "dpo"])
@pytest.mark.parametrize("lora", [True, False])
def test_the_learning_rate_depends_on_what_is_trained(method: str, lora: bool) -> None:
    job = job_of({**EXAMPLE, "method": method, "hyperparameters": {"lora": lora}})
    told = DECLARED["learning_rate"]["defaults"][method]["lora" if lora else "full"]
    assert job.hyperparameters.learning_rate == told
    assert f"{told:.0e}".replace("e-0", "e-") in DECLARED["learning_rate"]["description"]


def test_a_hyperparameter_of_another_method_is_refused() -> None:
    with pytest.raises(Refused, match="beta is not one of method supervised"):
        job_of({**EXAMPLE, "hyperparameters": {"beta": 0.5}})
    assert job_of({**EXAMPLE, "method": "dpo", "hyperparameters": {"beta": 0.5}}).hyperparameters.beta == 0.5


PATHS = [
    *EXAMPLE,
    "continue_from",
    "validation_file",
    "surprise",
    "training_file.path",
    "training_file.sha256",
    *(f"hyperparameters.{name}" for name in (*DECLARED, "surprise")),
]
WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.0, 1.5, 3, 10**10, "", "a", "a\n", "dpo", "b, c", "0" * 64, [], {}, {"a": 1}]
)


@given(st.lists(st.tuples(st.sampled_from(PATHS), WRONG | st.just("gone")), max_size=3))
def test_our_check_and_jsonschema_agree(changes: list[tuple[str, Any]]) -> None:
    document = deepcopy(dict(EXAMPLE))
    for path, value in changes:
        parent: Any = document
        *above, name = path.split(".")
        for step in above:
            parent = parent.get(step) if isinstance(parent, dict) else None
        if isinstance(parent, dict):
            parent[name] = deepcopy(value)
            if value == "gone":
                del parent[name]
    # Python's `$` lets a newline at the end slip by, which jsonschema uses: there ours is stricter.
    if "a\n" not in [value for _, value in changes]:
        assert RULES.is_valid(document) == (not list(problems(document, schema(JOB)))), document


def test_what_a_trainer_of_ones_own_imports_is_light() -> None:
    code = (
        "import sys, ftops.trainer; print(sorted({'torch', 'transformers', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_ftops_does_not_start_with_the_trainer() -> None:
    code = "import sys; from ftops.cli.main import run; run(['--version']); run(['schema', 'job']); "
    code += "print([name for name in sys.modules if name.startswith('ftops.trainer')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_trainer_imports_itself_by_relative_imports_alone() -> None:
    for path in (REPOSITORY / "ftops/trainer").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            assert not [name for name in names if name.split(".")[0] in ("ftops", "ftops_trainer")], path


def test_the_trainer_runs_where_there_is_no_ftops(tmp_path: Any) -> None:
    node = Node(tmp_path)
    code = "import json, ftops_trainer.schema as s; print(json.dumps([s.__file__, s.schema(s.JOB)['title']]))"
    out, _ = node.start(
        "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"
    ).communicate()
    place, title = json.loads(out)
    assert place.startswith(str(tmp_path))
    assert title.startswith("Job document")
