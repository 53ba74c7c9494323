"""The state of a project, opened from its settings: references resolved, bytes unpacked and decrypted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

from ftops.api.surroundings import Surroundings
from ftops.errors import InvalidInput, Problem
from ftops.manifests.project import PROJECT_FILE
from ftops.model.project import Encryption, Project, Setting
from ftops.model.value import replace
from ftops.state.backend import Opening, StateBackend
from ftops.state.form import StateForm
from ftops.state.manager import StateManager
from ftops.state.registry import open_backend, packs
from ftops.state.sealing import Seal
from ftops.transport.hosts import LOOPBACK
from ftops.transport.references import References, Unresolved
from ftops.transport.secret import Secret


class StoredState(Struct, frozen=True):
    """A state's store, the manager who alone reads and writes states in it, and what encrypts them."""

    backend: StateBackend
    manager: StateManager
    seal: Seal | None


def open_stored_state(
    project: Project,
    root: Path,
    surroundings: Surroundings,
    *,
    new_lineage: Callable[[], str] = str,
    url: str | None = None,
) -> StoredState:
    """Open the state that `ftops.yaml` names, or the one at `url` with the same settings. Sends nothing.

    Raises InvalidInput for a reference that leads nowhere, and StateError for a URL that nobody can open.
    """
    if url is not None:
        project = replace(project, state=replace(project.state, url=url))
    setting = project.state.url
    resolved = setting if isinstance(setting, str) else _resolved(setting, "state.url", root, surroundings)
    opening = Opening(
        url=resolved,
        root=root,
        project=project.name,
        environ=surroundings.environ,
        lease=project.state.lease,
        history=project.state.history,
        reference=None if isinstance(setting, str) else str(setting),
        tell=surroundings.tell_of_wait,
        sleep=surroundings.wait,
    )
    if opening.reference is not None:
        for secret in (resolved, *_parts(resolved)):
            surroundings.vault.add(Secret(secret, "spec.state.url"))
    backend = open_backend(opening)
    seal = open_seal(project.encryption, root, surroundings)
    form = StateForm(packs=packs(resolved), seal=seal, guard=surroundings.vault.refuse)
    return StoredState(backend, StateManager(backend, project.name, new_lineage=new_lineage, form=form), seal)


def open_seal(encryption: Encryption | None, root: Path, surroundings: Surroundings) -> Seal | None:
    """Open what encrypts states and saved plans; None where the project does not encrypt."""
    if encryption is None:
        return None
    identities = _resolved(encryption.identity, "encryption.identity", root, surroundings, lines=True)
    for line in identities.splitlines():
        if line.startswith("#"):
            continue  # The public key, which may stand in any recipients.
        surroundings.vault.add(Secret(line, "spec.encryption.identity"))
    return Seal(identities, encryption.recipients)


def _resolved(
    setting: Setting, field_name: str, root: Path, surroundings: Surroundings, *, lines: bool = False
) -> str:
    if isinstance(setting, str):
        return setting
    try:
        return References(surroundings.environ, root, surroundings.vault).resolve(setting, lines=lines)
    except Unresolved as error:
        path = f"spec.{field_name}"
        raise InvalidInput(
            (Problem(error.message, file=PROJECT_FILE, path=path, hint=error.hint),)
        ) from error


def _parts(url: str) -> list[str]:
    """Return the parts of a URL from a reference that may stand alone in what servers and libraries say."""
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        host = parts.hostname if parts.hostname not in LOOPBACK else None
        found = (unquote(parts.password or ""), parts.password, query.get("password"), host)
    except ValueError:
        return []
    return [part for part in found if part]
