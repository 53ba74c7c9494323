"""Run schemathesis over an OpenAPI file: no server error, no reply off the schema, no wrong content type."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.conformance.drivers.recording import report

CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance"
PHASES = "examples,coverage,fuzzing"
DRIVERS = "tests.conformance.drivers"
HOOKS = {
    "together.yaml": f"{DRIVERS}.openapi_together_hooks",
    "azure_openai.yaml": f"{DRIVERS}.openapi_azure_hooks",
}
"""What makes ids that exist, where it is not `openapi_hooks`."""
EXAMPLES = 30
SEED = 20261124
"""Fixed, so that a red build can be repeated."""
CONFIGURATION = """
[[operations]]
include-path-regex = "/graders/"
[operations.phases]
coverage.enabled = false
"""
"""Their schemas make thousands of cases, each answered with the same 404."""
NOT_SERVED = "not served: clean 404"
ROWS = {
    "POST /fine-tunes": "fine-tunes create",
    "GET /fine-tunes": "fine-tunes list",
    "GET /fine-tunes/{fine_tune_id}": "fine-tunes retrieve",
    "GET /fine-tunes/{fine_tune_id}/events": "fine-tunes events",
    "POST /fine-tunes/{fine_tune_id}/cancel": "fine-tunes cancel",
    "POST /fine_tuning/jobs": "jobs create",
    "GET /fine_tuning/jobs": "jobs list",
    "GET /fine_tuning/jobs/{fine_tuning_job_id}": "jobs retrieve",
    "GET /fine_tuning/jobs/{fine_tuning_job_id}/events": "jobs events",
    "GET /fine_tuning/jobs/{fine_tuning_job_id}/checkpoints": "jobs checkpoints",
    "POST /fine_tuning/jobs/{fine_tuning_job_id}/pause": "jobs pause",
    "POST /fine_tuning/jobs/{fine_tuning_job_id}/resume": "jobs resume",
    "POST /fine_tuning/jobs/{fine_tuning_job_id}/cancel": "jobs cancel",
    "POST /files": "files create",
    "GET /files": "files list",
    "GET /files/{file_id}": "files retrieve",
    "GET /files/{file_id}/content": "files content",
    "DELETE /files/{file_id}": "files delete",
    "GET /models": "models list",
    "GET /models/{model}": "models retrieve",
    "DELETE /models/{model}": "models delete",
    # Together's, whose parameters are all called `id`.
    "GET /fine-tunes/{id}": "fine-tunes retrieve",
    "DELETE /fine-tunes/{id}": "fine-tunes delete",
    "POST /fine-tunes/{id}/cancel": "fine-tunes cancel",
    "GET /fine-tunes/{id}/events": "fine-tunes events",
    "GET /fine-tunes/{id}/checkpoints": "fine-tunes checkpoints",
    "GET /fine-tunes/{id}/metrics": "fine-tunes metrics",
    "POST /fine-tunes/estimate-price": "fine-tunes price",
    "GET /fine-tunes/models/limits": "fine-tunes limits",
    "GET /fine-tunes/models/supported": "fine-tunes supported models",
    "POST /files/upload": "files in one form",
    "GET /files/{id}": "files retrieve",
    "GET /files/{id}/content": "files content",
    "DELETE /files/{id}": "files delete",
    "POST /files/{id}/preprocess": "files preprocess",
    "POST /files/multipart/initiate": "files in parts",
    "POST /files/multipart/complete": "files in parts",
    "POST /files/multipart/abort": "files in parts",
    # Azure's, each under a dated path and under v1.
    **{
        f"{method} {root}{path}": row
        for root in ("/openai", "/openai/v1")
        for method, path, row in (
            ("POST", "/fine_tuning/jobs", "jobs create"),
            ("GET", "/fine_tuning/jobs", "jobs list"),
            ("GET", "/fine_tuning/jobs/{fine_tuning_job_id}", "jobs retrieve"),
            ("DELETE", "/fine_tuning/jobs/{fine_tuning_job_id}", "jobs delete"),
            ("GET", "/fine_tuning/jobs/{fine_tuning_job_id}/events", "jobs events"),
            ("GET", "/fine_tuning/jobs/{fine_tuning_job_id}/checkpoints", "jobs checkpoints"),
            ("POST", "/fine_tuning/jobs/{fine_tuning_job_id}/pause", "jobs pause"),
            ("POST", "/fine_tuning/jobs/{fine_tuning_job_id}/resume", "jobs resume"),
            ("POST", "/fine_tuning/jobs/{fine_tuning_job_id}/cancel", "jobs cancel"),
            ("POST", "/files", "files create"),
            ("GET", "/files", "files list"),
            ("GET", "/files/{file_id}", "files retrieve"),
            ("DELETE", "/files/{file_id}", "files delete"),
            ("GET", "/models", "models list"),
            ("GET", "/models/{model_id}", "models retrieve"),
        )
    },
}
"""The table's row for each operation; the others of the file, such as graders, are answered with a 404."""


def main(
    base_url: str,
    key: str,
    folder: Path,
    specification: str,
    *,
    hooks: str | None = None,
    rows: Mapping[str, str] = ROWS,
) -> None:
    """Run it with the hooks of a format, whose operations are these rows of the table."""
    report(version=version("schemathesis"))
    answers, junit = folder / "answers.json", folder / "junit.xml"
    configuration = folder / "schemathesis.toml"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *("--config-file", str(configuration)),
            *("run", specification, "--url", base_url, "--header", f"Authorization: Bearer {key}"),
            *("--checks", CHECKS, "--phases", PHASES, "--max-examples", str(EXAMPLES), "--seed", str(SEED)),
            *("--report", "junit", "--report-junit-path", str(junit), "--request-timeout", "20"),
            *(
                "--generation-database",
                "none",
                "--no-color",
                "--warnings",
                "off",
                "--suppress-health-check",
                "all",
            ),
        ],
        cwd=folder,  # it keeps a cache where it is started
        env=os.environ
        | {
            "SCHEMATHESIS_HOOKS": hooks or HOOKS.get(Path(specification).name, f"{DRIVERS}.openapi_hooks"),
            "CONFORMANCE_URL": base_url,
            "CONFORMANCE_KEY": key,
            "CONFORMANCE_DIR": str(folder),
            "CONFORMANCE_ANSWERS": str(answers),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if not junit.exists() or not answers.exists():
        sys.exit(f"schemathesis ended with {done.returncode}: {done.stdout[-2000:]}")
    counts: dict[str, dict[str, int]] = json.loads(answers.read_text(encoding="utf-8"))
    for label, problems in failures(junit).items():
        row = rows.get(label, NOT_SERVED)
        calls = [f"{label}: {shown(counts.get(label, {}))}"]
        report(operation=row, calls=calls, why=why(row, problems, counts.get(label, {})))


def failures(junit: Path) -> dict[str, list[str]]:
    """Return what schemathesis found, by operation."""
    found: dict[str, list[str]] = {}
    for case in ET.parse(junit).getroot().iter("testcase"):
        problems = [problem for kind in ("failure", "error") for problem in case.iter(kind)]
        messages = [f"{problem.get('message')} {problem.text or ''}" for problem in problems]
        found.setdefault(case.get("name", ""), []).extend(messages)
    return found


def why(row: str, problems: list[str], answers: dict[str, int]) -> str | None:
    """Say what is wrong with an operation's answers, or return None."""
    if problems:
        return "; ".join(" ".join(problem.split())[:400] for problem in problems)
    if row == NOT_SERVED:
        return None if set(answers) <= {"401", "404", "405"} else f"answered with {shown(answers)}"
    # Without a single success the schema of a good reply would never have been compared.
    done = "302" in answers or any(status.startswith("2") for status in answers)
    return None if done else f"never succeeded: {shown(answers)}"


def shown(answers: dict[str, int]) -> str:
    """`200 x 12, 404 x 3`."""
    return ", ".join(f"{status} x {times}" for status, times in sorted(answers.items())) or "no answer"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4])
