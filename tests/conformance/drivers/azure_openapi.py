"""Run schemathesis over Azure's document: its dated paths and v1, each operation a row with its twin."""

import sys
from pathlib import Path

from tests.conformance.drivers import openapi

HOOKS = "tests.conformance.drivers.azure_openapi_hooks"
JOB = "/fine_tuning/jobs/{fine_tuning_job_id}"
OPERATIONS = {
    "POST /fine_tuning/jobs": "jobs create",
    "GET /fine_tuning/jobs": "jobs list",
    f"GET {JOB}": "jobs retrieve",
    f"GET {JOB}/events": "jobs events",
    f"GET {JOB}/checkpoints": "jobs checkpoints",
    f"POST {JOB}/pause": "jobs pause",
    f"POST {JOB}/resume": "jobs resume",
    f"POST {JOB}/cancel": "jobs cancel",
    f"DELETE {JOB}": "jobs delete",
    "POST /files": "files create",
    "GET /files": "files list",
    "GET /files/{file_id}": "files retrieve",
    "DELETE /files/{file_id}": "files delete",
    "GET /models": "models list",
    "GET /models/{model_id}": "models retrieve",
}
ROWS = {
    label.replace(" /", f" {root}/", 1): row
    for root in ("/openai", "/openai/v1")
    for label, row in OPERATIONS.items()
}


if __name__ == "__main__":
    openapi.main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], hooks=HOOKS, rows=ROWS)
