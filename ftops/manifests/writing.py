"""A job in, a manifest out that plans to no change."""

from __future__ import annotations

from typing import Any

from ftops.errors import FtopsError
from ftops.manifests.loader import dump
from ftops.model.finetune import Method
from ftops.model.job import Job
from ftops.model.observation import ProviderFacts


def manifest_for(name: str, job: Job, provider: ProviderFacts) -> str:
    """Write the manifest of a job that exists. Raises FtopsError when the job does not say what it trains."""
    if job.model is None or not job.training_files:
        raise FtopsError(f"job {job.id} does not show its model and training file, so it cannot be imported")
    can = provider.capabilities
    method = Method(str(job.settings.get("method", Method.SUPERVISED)))
    hyperparameters = {
        path.removeprefix("hyperparameters."): value
        for path, value in job.settings.items()
        if path.startswith("hyperparameters.") and path.split(".")[1] in can.methods[method]
    }
    spec: dict[str, Any] = {
        "provider": provider.name,
        "model": job.model,
        "training_file": job.training_files[0].id,
        "validation_file": job.validation_files[0].id if job.validation_files else None,
        "method": method.value if method is not Method.SUPERVISED else None,
        "hyperparameters": hyperparameters or None,
        "suffix": job.suffix,
        "seed": job.settings.get("seed") if can.seed else None,
    }
    document = {
        "apiVersion": "ftops/v1",
        "kind": "FineTune",
        "metadata": {"name": name, "annotations": {"imported": job.id}},
        "spec": {key: value for key, value in spec.items() if value is not None},
    }
    return dump(document)
