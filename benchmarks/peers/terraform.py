"""Terraform: as many `terraform_data`, applied already, with nothing to change."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

from benchmarks.measuring import Contender

_LOOSE = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"}
"""No question, and no look for a newer version."""


def program() -> str | None:
    """Return the path of Terraform, None where it is not on PATH."""
    return shutil.which("terraform")


def version(terraform: str) -> str:
    """Return its version."""
    done = subprocess.run(
        [terraform, "version", "-json"], env=_LOOSE, capture_output=True, text=True, check=True
    )
    return str(json.loads(done.stdout)["terraform_version"])


def no_op_plan(folder: Path, resources: int, terraform: str) -> Contender:
    """Write a configuration and the state that applying it leaves; return a plan that finds no change."""
    folder.mkdir(parents=True)
    text = "".join(_resource(number) for number in range(resources))
    (folder / "main.tf").write_text(text, encoding="utf-8")
    state = {
        "version": 4,
        "terraform_version": version(terraform),
        "serial": 1,
        "lineage": str(uuid.uuid4()),
        "outputs": {},
        "resources": [_applied(number) for number in range(resources)],
        "check_results": None,
    }
    (folder / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")
    subprocess.run(
        [terraform, "init", "-input=false"], cwd=folder, env=_LOOSE, capture_output=True, check=True
    )
    # With -detailed-exitcode it ends with 0 only where there is nothing to change.
    command = [terraform, "plan", "-input=false", "-no-color", "-detailed-exitcode"]
    return Contender("plan/terraform", command, folder, environ=_LOOSE)


def _input(number: int) -> dict[str, Any]:
    """Return what a manifest of ours says too."""
    team = f"team-{number % 20:02}"
    return {
        "name": f"tune-{number:06}",
        "labels": {"team": team},
        "annotations": {"owner": f"{team}@example.com"},
        "model": "gpt-4o-mini-2024-07-18",
        "training_file": f"data/rows-{number // 10:06}.jsonl",
        "hyperparameters": {"n_epochs": 3, "batch_size": 8, "learning_rate_multiplier": 0.5},
        "suffix": f"tune-{number:06}",
        "seed": number,
    }


def _resource(number: int) -> str:
    """Write one resource; JSON is an expression of Terraform's language."""
    value = json.dumps(_input(number), indent=2).replace("\n", "\n  ")
    return f'resource "terraform_data" "tune_{number:06}" {{\n  input = {value}\n}}\n'


def _applied(number: int) -> dict[str, Any]:
    value = {"value": _input(number), "type": _type(_input(number))}
    attributes = {
        "id": str(uuid.UUID(int=number)),
        "input": value,
        "output": value,
        "triggers_replace": None,
    }
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": f"tune_{number:06}",
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
    }


def _type(value: Any) -> Any:
    """Name the type of a value as a state does."""
    if isinstance(value, dict):
        return ["object", {name: _type(member) for name, member in value.items()}]
    return "string" if isinstance(value, str) else "number"
