"""URL -> StateBackend: one explicit table, then the entry points `ftops.state_backends`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

from ftops.errors import Refused, StateError
from ftops.state.backend import Opening, StateBackend
from ftops.transport.hosts import origin_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class BackendKind(Struct, frozen=True):
    """One kind of store, as data: how it is opened, and what a person should know about it.

    `module` has `open_store(opening)` and is imported only when such a store is opened; `library` is what it
    needs beyond ftops' own packages, in the extra `extra`. `packs`: it takes any bytes, so that a large state
    is compressed; the others take JSON alone. The remarks are for docs/reference/state-backends.md.
    """

    title: str
    schemes: tuple[str, ...]
    module: str
    condition: str
    lock: str
    history: str
    credentials: str
    tested: str
    packs: bool = False
    library: str | None = None
    extra: str | None = None


REQUIRE_SHARED = "FTOPS_REQUIRE_SHARED_STATE"
"""Set where files do not last, or several machines do the work: each would pay by a state of its own."""


def _object_store(title: str, scheme: str, credentials: str, tested: str) -> BackendKind:
    return BackendKind(
        title=title,
        schemes=(scheme,),
        module="ftops.state.backends.object_store",
        condition="conditional put; a store that ignores conditions is refused before anything is written",
        lock="a lease in KEY.lock, renewed while the run lives, taken over once it was seen unrenewed for a "
        "whole lease",
        history="a copy under KEY.history/ from before each run, `history` of them",
        credentials=credentials,
        tested=tested,
        packs=True,
        library="obstore",
        extra="remote",
    )


BACKENDS: tuple[BackendKind, ...] = (
    BackendKind(
        title="local file",
        schemes=("file",),
        module="ftops.state.backends.local",
        condition="version compared under a lock of the file system, then an atomic rename",
        lock="`flock`, freed by the kernel when the process ends",
        history="`.backup`, the state before the last write",
        credentials="none",
        tested="ext4 and tmpfs; two processes",
    ),
    _object_store(
        "Amazon S3 and compatible stores",
        "s3",
        "`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, "
        "`AWS_ENDPOINT_URL`, web identity, instance metadata",
        "moto",
    ),
    _object_store(
        "Google Cloud Storage",
        "gs",
        "`GOOGLE_APPLICATION_CREDENTIALS`, `GOOGLE_SERVICE_ACCOUNT`, instance metadata",
        "not tested: there is no emulator that honours its conditions; it runs the same code as S3 and Azure",
    ),
    _object_store(
        "Azure Blob Storage",
        "az",
        "`AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY` or `AZURE_STORAGE_SAS_TOKEN`, "
        "`AZURE_CLIENT_ID` and its companions, managed identity",
        "azurite",
    ),
    BackendKind(
        title="PostgreSQL 14 and newer",
        schemes=("postgresql", "postgres"),
        module="ftops.state.backends.postgres",
        condition="`UPDATE ... WHERE version`, in one transaction",
        lock="a session advisory lock, freed by the server when the session ends or was silent for a lease",
        history="a table, `history` rows from before each run",
        credentials="`PGHOST`, `PGUSER`, `PGPASSWORD`, `PGPASSFILE`, `PGSSLMODE` and the rest of libpq's",
        tested="PostgreSQL from Debian",
        packs=True,
        library="psycopg",
        extra="postgres",
    ),
    BackendKind(
        title="Terraform's HTTP state protocol (GitLab-managed state)",
        schemes=("https", "http"),
        module="ftops.state.backends.terraform_http",
        condition="compared under the lock: the protocol has no conditional write",
        lock="LOCK and UNLOCK; never expires, so a killed run's lock is broken by `ftops state unlock ID`",
        history="none in the protocol; GitLab shows earlier versions itself",
        credentials="`TF_HTTP_USERNAME`, `TF_HTTP_PASSWORD`; in GitLab CI `CI_JOB_TOKEN`; addresses and "
        "methods from `TF_HTTP_LOCK_ADDRESS`, `TF_HTTP_UNLOCK_ADDRESS`, `TF_HTTP_LOCK_METHOD`, "
        "`TF_HTTP_UNLOCK_METHOD`, `TF_HTTP_UPDATE_METHOD`",
        tested="a small server, which Terraform itself was run against",
    ),
)
"""Every kind of store that ftops itself has."""

_BY_SCHEME: Mapping[str, BackendKind] = {scheme: kind for kind in BACKENDS for scheme in kind.schemes}


def scheme_of(url: str) -> str:
    """Return the scheme of a URL; a plain path counts as `file`."""
    return url.split("://", 1)[0].lower() if "://" in url else "file"


def packs(url: str) -> bool:
    """Return whether the store of this URL takes any bytes; nothing is assumed about a third party's."""
    kind = _BY_SCHEME.get(scheme_of(url))
    return kind is not None and kind.packs


def refuse_unknown(url: str) -> None:
    """Raise StateError for a URL that no store knows; opens nothing and imports nothing of a store."""
    if scheme_of(url) not in _BY_SCHEME:
        _added(scheme_of(url))


def open_backend(opening: Opening) -> StateBackend:
    """Open the store that a URL names. Raises StateError for one that is unknown or cannot be loaded.

    Raises Refused for a file where the state has to be shared, and for a server that CI may not contact: for
    a third party's store here, our own check it themselves.
    """
    scheme = scheme_of(opening.url)
    if scheme == "file" and opening.environ.get(REQUIRE_SHARED):
        raise Refused(
            f"the state is a file, and {REQUIRE_SHARED} is set: it would be lost with this machine",
            hint="name a store in spec.state of ftops.yaml that all machines reach, such as s3://BUCKET/KEY",
        )
    kind = _BY_SCHEME.get(scheme)
    if kind is None:
        opening.refuse_stranger(origin_of(opening.url))
    try:
        module_open = import_module(kind.module).open_store if kind else _added(scheme).load()
    except (ImportError, AttributeError) as error:
        if kind is not None and kind.library is not None:
            raise StateError(
                f"a state at {scheme}:// needs the package {kind.library}, which cannot be loaded: {error}",
                hint=f"pip install 'ftops[{kind.extra}]'",
            ) from error
        raise StateError(
            f"the state backend {scheme} cannot be loaded: {error}", hint="install its package again"
        ) from error
    opened: StateBackend = module_open(opening)
    return opened


def _added(scheme: str) -> EntryPoint:
    """Find the entry point of a third party's scheme."""
    from importlib.metadata import entry_points

    installed = entry_points(group="ftops.state_backends")
    for found in installed.select(name=scheme):
        return found
    known = ", ".join(sorted({*_BY_SCHEME, *installed.names}))
    raise StateError(
        f"no state backend knows the URL scheme {scheme}://", hint=f"use a plain path or one of: {known}"
    )
