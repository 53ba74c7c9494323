"""Run schemathesis over the types of Fireworks' client, whose paths begin with /v1."""

import sys
from pathlib import Path

from tests.conformance.drivers import openapi

HOOKS = "tests.conformance.drivers.fireworks_openapi_hooks"
ACCOUNT = "/v1/accounts/{account_id}"
JOBS, DATASETS, MODELS = (f"{ACCOUNT}/{kind}" for kind in ("supervisedFineTuningJobs", "datasets", "models"))
JOB = f"{JOBS}/{{supervised_fine_tuning_job_id}}"
DATASET = f"{DATASETS}/{{dataset_id}}"
ROWS = {
    f"POST {JOBS}": "jobs create",
    f"GET {JOBS}": "jobs list",
    f"GET {JOB}": "jobs retrieve",
    f"POST {JOB}:cancel": "jobs cancel",
    f"DELETE {JOB}": "jobs delete",
    f"POST {DATASETS}": "files create",
    f"POST {DATASET}:upload": "files create",
    f"GET {DATASETS}": "files list",
    f"GET {DATASET}": "files retrieve",
    f"DELETE {DATASET}": "files delete",
    f"GET {MODELS}": "models list",
    f"GET {MODELS}/{{model_id}}": "models retrieve",
    f"DELETE {MODELS}/{{model_id}}": "models delete",
}
"""Left out: nothing here pauses a job, and storage behind signed URLs is not served."""


if __name__ == "__main__":
    root = sys.argv[1].removesuffix("/v1")
    openapi.main(root, sys.argv[2], Path(sys.argv[3]), sys.argv[4], hooks=HOOKS, rows=ROWS)
