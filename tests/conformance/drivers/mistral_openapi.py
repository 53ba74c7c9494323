"""Run schemathesis over Mistral's document, whose paths begin with /v1."""

import sys
from pathlib import Path

from tests.conformance.drivers import openapi

HOOKS = "tests.conformance.drivers.mistral_openapi_hooks"
JOBS = "/v1/fine_tuning/jobs"
ROWS = {
    f"POST {JOBS}": "jobs create",
    f"GET {JOBS}": "jobs list",
    f"GET {JOBS}/{{job_id}}": "jobs retrieve",
    f"POST {JOBS}/{{job_id}}/cancel": "jobs cancel",
    f"POST {JOBS}/{{job_id}}/start": "jobs start",
    "POST /v1/files": "files create",
    "GET /v1/files": "files list",
    "GET /v1/files/{file_id}": "files retrieve",
    "GET /v1/files/{file_id}/content": "files content",
    "DELETE /v1/files/{file_id}": "files delete",
    "GET /v1/models": "models list",
    "GET /v1/models/{model_id}": "models retrieve",
    "DELETE /v1/models/{model_id}": "models delete",
}


if __name__ == "__main__":
    root = sys.argv[1].removesuffix("/v1")
    openapi.main(root, sys.argv[2], Path(sys.argv[3]), sys.argv[4], hooks=HOOKS, rows=ROWS)
