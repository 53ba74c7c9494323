"""The manifest of a job that exists, so that it plans to no change; what it cannot say is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from ftops.errors import FtopsError
from ftops.manifests.document import dotted
from ftops.manifests.origin import with_defaults
from ftops.manifests.trimming import findings_of, short_value, without_odd_values
from ftops.manifests.writing import manifest_text
from ftops.model.finetune import Method
from ftops.model.job import Job
from ftops.model.json_value import JSON
from ftops.model.observation import ProviderFacts

_LAST_SECOND = 253_402_300_799
"""Of the year 9999: what lies beyond is no time."""


class WrittenManifest(Struct, frozen=True):
    """The text of a manifest; `left_out` says for each omitted value of the job why."""

    text: str
    left_out: tuple[str, ...] = ()


class Setting(Struct, frozen=True):
    """Where a manifest will stand: the project's defaults lie under it; `schema` is what editors are told."""

    defaults: Mapping[str, Any] = field(default_factory=dict)
    schema: str | None = None


_ALONE = Setting()


def manifest_for(
    name: str, job: Job, provider: ProviderFacts, remarks: Iterable[str] = (), setting: Setting = _ALONE
) -> WrittenManifest:
    """Write the manifest of a job that exists; its comments say which job that is, and `remarks`.

    A server shows values that no manifest may ask for, such as a batch size that it chose itself: these are
    left out, and named. Raises FtopsError when the job does not say what it trains, or no manifest can.
    """
    spec, left_out = _spec(job, provider)
    document: dict[str, Any] = {
        "apiVersion": "ftops/v1",
        "kind": "FineTune",
        "metadata": {"name": name, "annotations": {"imported": job.id}},
        "spec": spec,
    }
    left_out += without_odd_values(document, provider)
    for finding in findings_of(with_defaults(document, setting.defaults), provider):
        raise FtopsError(
            f"job {job.id} cannot be declared: {dotted(finding.path)}: {finding.message}",
            hint="what the provider does not show can stand in spec.defaults of ftops.yaml",
        )
    comments = (_about(job), *remarks, *(f"left out: {one}" for one in left_out))
    return WrittenManifest(manifest_text(document, setting.schema, comments), tuple(left_out))


def _spec(job: Job, provider: ProviderFacts) -> tuple[dict[str, Any], list[str]]:
    """Return what the job shows of its request, and what of that no field of a manifest can take."""
    if job.model is None or not job.training_files:
        raise FtopsError(f"job {job.id} does not show its model and training file, so it cannot be imported")
    method = _method(job, provider)
    members, left_out = _Members(provider, method), []
    for path, value in job.settings.items():
        if value is not None and path != "method" and not members.take(path, value):
            why = f"{provider.dialect} takes no such field in a manifest"
            left_out.append(f"{path} {short_value(value)}: {why}")
    if job.tag is not None and job.stamp is None:
        left_out.append(f"{job.tag} at the end of the suffix or id: read as a mark of ftops")
    left_out += [f"validation file {file.id}: a manifest has one" for file in job.validation_files[1:]]
    spec: dict[str, Any] = {
        "provider": provider.name,
        "model": job.model,
        "training_file": _training(job, provider),
        "validation_file": job.validation_files[0].id if job.validation_files else None,
        "method": method.value if method is not Method.SUPERVISED else None,
        "suffix": job.suffix,
        **members.fields,
    }
    return {key: value for key, value in spec.items() if value is not None}, left_out


def _method(job: Job, provider: ProviderFacts) -> Method:
    can = provider.capabilities
    shown = str(job.settings.get("method", Method.SUPERVISED))
    if shown not in can.methods:
        raise FtopsError(
            f"job {job.id} uses the method {shown[:40]!r}, which dialect {provider.dialect} does not support",
            hint=f"it supports: {', '.join(sorted(can.methods))}",
        )
    return Method(shown)


def _training(job: Job, provider: ProviderFacts) -> Any:
    if len(job.training_files) == 1:
        return job.training_files[0].id
    if not provider.capabilities.weighted_files:
        raise FtopsError(
            f"job {job.id} trains on {len(job.training_files)} files, and a manifest of {provider.dialect} "
            "names one, so it cannot be imported"
        )
    return [{"id": file.id} for file in job.training_files]


class _Members:
    """Sorts what a job shows into the fields of a spec."""

    def __init__(self, provider: ProviderFacts, method: Method) -> None:
        can = provider.capabilities
        self.fields: dict[str, Any] = {}
        self._maps = {"hyperparameters": can.methods[method], "provider_options": can.options}
        self._takes = {
            "seed": can.seed,
            "integrations": can.integrations,
            "grader": method is Method.REINFORCEMENT,
        }

    def take(self, path: str, value: JSON) -> bool:
        """Take one value by its manifest path; False where the dialect has no such field.

        The founding format shows its options among the hyperparameters.
        """
        field, _, key = path.partition(".")
        if not key:
            if self._takes.get(field):
                self.fields[field] = value
            return self._takes.get(field, False)
        for place in dict.fromkeys((field, *self._maps)):
            if field in self._maps and key in self._maps[place]:
                self.fields.setdefault(place, {})[key] = value
                return True
        return False


def _about(job: Job) -> str:
    made = f", model {job.fine_tuned_model}" if job.fine_tuned_model else ""
    return f"imported: job {job.id}, {job.status.value}{_created(job.created_at)}{made}"


def _created(at: float | None) -> str:
    if at is None or not 0 <= at <= _LAST_SECOND:
        return ""
    return f", created {datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
