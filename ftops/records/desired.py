"""What the manifests want, with the fingerprints that decide whether it is there already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from ftops.model.dataset import Dataset
from ftops.model.finetune import FineTune
from ftops.model.fingerprint import FORMS, CanonicalSpec, Form, fingerprint
from ftops.model.job import JobStatus
from ftops.model.observation import ProviderFacts
from ftops.model.state import Record, RecordedJob
from ftops.model.value import replace
from ftops.records.dependencies import depths


class DesiredSet:
    """Every declared fine-tune by name, in an order in which upstreams come first.

    Fingerprints are of the newest form; those of an older one are computed when first asked for. The
    `unread` names have none: a data file of theirs, or of what they start from, could not be read;
    `comparable` are all the others. `known` are fingerprints of the newest form that need not be made again.
    """

    def __init__(
        self,
        fine_tunes: Iterable[FineTune],
        datasets: Mapping[str, Dataset],
        providers: Mapping[str, ProviderFacts],
        forms: Mapping[int, Form] = FORMS,
        known: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        by_name = {fine_tune.name: fine_tune for fine_tune in fine_tunes}
        self.depths = depths(by_name)
        self.fine_tunes = {name: by_name[name] for name in self.depths}
        self.unread = frozenset(_unread(self.fine_tunes, datasets))
        self.comparable = {
            name: fine_tune for name, fine_tune in self.fine_tunes.items() if name not in self.unread
        }
        self._datasets = datasets
        self._providers = providers
        self._forms = forms
        *self.older_versions, self._newest = sorted(forms)
        self._given = known
        self._known: dict[tuple[str, int, str | None], tuple[CanonicalSpec, str]] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.fine_tunes

    def spec(self, name: str, recorded: Record | None = None) -> CanonicalSpec:
        """Return the canonical form of what the name wants to be trained.

        For an unread name it is what is known of it: a file is named by its path, a chain lacks its root.
        A record of a job that does, or did, the very same training has it already.
        """
        if name in self.unread:
            fine_tune = self.fine_tunes[name]
            facts = self._providers[fine_tune.provider]
            return self._forms[self._newest](fine_tune, facts, self._datasets, None)
        known = (
            recorded is not None and _trained(recorded.job) and recorded.fingerprint == self.fingerprint(name)
        )
        if recorded is not None and known and recorded.spec:
            return dict(recorded.spec)
        return self._identity(name, self._newest, None)[0]

    def fingerprint(self, name: str) -> str:
        """Return the fingerprint of what the name wants to be trained. Raises KeyError for an unread one."""
        given = self._given.get(name)
        return given if given is not None else self._identity(name, self._newest, None)[1]

    def earlier_fingerprints(self, name: str, former_providers: Iterable[str]) -> Iterator[str]:
        """Yield what the same training was called: in older forms, under its provider's former names."""
        providers = (None, *former_providers)
        for version in (*self.older_versions, self._newest):
            for provider in providers:
                if (version, provider) != (self._newest, None):
                    yield self._identity(name, version, provider)[1]

    def same_training(self, names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
        """Return the names among these that share a fingerprint, group by group: each of them is paid."""
        groups: defaultdict[str, list[str]] = defaultdict(list)
        trained = {name: self.fingerprint(name) for name in names if name in self.comparable}
        if len(set(trained.values())) == len(trained):
            return ()
        for name in sorted(trained):
            groups[trained[name]].append(name)
        return tuple(tuple(group) for group in sorted(groups.values()) if len(group) > 1)

    def _identity(self, name: str, version: int, provider: str | None) -> tuple[CanonicalSpec, str]:
        key = (name, version, provider)
        if key not in self._known:
            fine_tune = self.comparable[name]
            starts_from = fine_tune.upstream
            upstream = self._upstream(starts_from, version, provider) if starts_from else None
            facts = self._providers[fine_tune.provider]
            if provider is not None:
                fine_tune = replace(fine_tune, provider=provider)
            spec = self._forms[version](fine_tune, facts, self._datasets, upstream)
            self._known[key] = (spec, fingerprint(spec, version))
        return self._known[key]

    def _upstream(self, name: str, version: int, provider: str | None) -> str:
        is_newest = (version, provider) == (self._newest, None)
        return self.fingerprint(name) if is_newest else self._identity(name, version, provider)[1]


def _trained(job: RecordedJob | None) -> bool:
    """Return whether nothing is created for what this job trains: it has made its model, or is making it."""
    if job is None:
        return False
    return job.status is JobStatus.SUCCEEDED or (job.status.active and job.missing_since is None)


def _unread(fine_tunes: Mapping[str, FineTune], datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """Yield the names without a fingerprint; `fine_tunes` has upstreams first."""
    found: set[str] = set()
    for name, fine_tune in fine_tunes.items():
        lacks = any(file.path is not None and file.path not in datasets for _, file in fine_tune.data_files)
        if lacks or fine_tune.upstream in found:
            found.add(name)
            yield name
