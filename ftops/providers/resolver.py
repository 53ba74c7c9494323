"""The references in the settings of one provider: what they lead to, and all of them that lead nowhere."""

from __future__ import annotations

from collections.abc import Mapping

from ftops.errors import InvalidInput, Problem
from ftops.model.json_value import JSON
from ftops.model.project import EnvReference, ExecReference, Extra, FileReference, ProviderSettings, Setting
from ftops.providers.dialect import Dialect, HasAddress
from ftops.transport.references import References, Unresolved
from ftops.transport.secret import Secret


class Resolver:
    """Reads the references of one provider, and remembers each that leads to no value."""

    def __init__(self, settings: ProviderSettings, references: References) -> None:
        self._name = settings.name
        self._references = references
        self.root = references.root
        self._problems: list[Problem] = []
        self.secrets: set[Secret] = set()

    def value(self, field: str, setting: Setting | None) -> str | None:
        """Return the value of a field. What a reference leads to is a secret, whatever the field."""
        if setting is None or isinstance(setting, str):
            return setting
        try:
            value = self._references.resolve(setting)
        except Unresolved as error:
            self.problem(field, error.message, error.hint)
            return None
        secret = Secret(value, f"spec.providers.{self._name}.{field}")
        self.secrets |= {secret, Secret(value.strip(), secret.name)}
        self._references.vault.add(secret)
        return value

    def extras(self, field: str, extras: Mapping[str, Extra]) -> dict[str, JSON]:
        """Return what is sent for a gateway, references resolved; these are credentials."""
        return {
            name: self.value(f"{field}.{name}", value)
            if isinstance(value, EnvReference | FileReference | ExecReference)
            else value
            for name, value in extras.items()
        }

    def corrected(self, url: str, dialect: Dialect) -> str:
        """Return an address as the dialect wants it; it is as secret as it was."""
        address = dialect.address(url) if isinstance(dialect, HasAddress) else url
        known = next((one for one in self.secrets if one.reveal() == url), None)
        if known is not None and address != url:
            self.secrets.add(Secret(address, known.name))
        return address

    def problem(self, field: str, message: str, hint: str | None = None) -> None:
        """Note what is wrong with a field."""
        path = f"spec.providers.{self._name}.{field}"
        self._problems.append(Problem(message, file="ftops.yaml", path=path, hint=hint))

    def raise_if_any(self) -> None:
        """Raise InvalidInput with all that was noted."""
        if self._problems:
            raise InvalidInput(tuple(self._problems))
