"""Headers and fields by which a gateway is told whom to pass a request on to: as good as another address.

They are extras of `ftops.yaml`, which a pull request can change, so that in CI the rule of hosts holds for
what they name. Facts: the documents of Portkey's and Helicone's gateways and of LiteLLM's proxy, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ftops.model.json_value import JSON
from ftops.model.project import Extra, ProviderSettings
from ftops.transport.hosts import Destination, Origin, origin_of

_STEERING = re.compile(
    r"x-portkey-config|(.*[-_])?(api[-_]base|(base|target)[-_]url|custom[-_]host|resource[-_]name|endpoint)"
)


def steered(
    settings: ProviderSettings, resolved: Callable[[str, Mapping[str, Extra]], Mapping[str, JSON]]
) -> Iterator[Destination]:
    """Yield where extras would have a gateway send things on to; `resolved` reads those of one place."""
    places: Mapping[str, Mapping[str, Extra]] = {
        "headers": settings.headers,
        "query": settings.query,
        "body": settings.body,
    }
    for place, extras in places.items():
        telling = {name: value for name, value in extras.items() if _STEERING.fullmatch(name.lower())}
        for name, value in resolved(place, telling).items():
            yield Destination(
                origin=_named_by(value),
                sends=f"the key of provider {settings.name}",
                field=f"spec.providers.{settings.name}.{place}.{name}",
                reference=None if telling[name] == value else str(telling[name]),
            )


def _named_by(value: JSON) -> Origin | None:
    """Read the server in an address or a bare name; None for anything else, such as a whole configuration."""
    if not isinstance(value, str):
        return None
    return origin_of(value if "://" in value else f"https://{value}")
