"""Which certificates are believed."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path

import certifi

from ftops.transport.wire_errors import NotReached


@functools.cache
def trust(bundle: str | None) -> ssl.SSLContext:
    """Trust a bundle (file or folder) alone, else what this machine trusts and what certifi brings along.

    Private authorities are in the machine's store; small images have none at all.
    """
    if bundle is None:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context
    try:
        if Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        why = error.strerror or "it holds no certificates"
        raise NotReached(
            f"the CA bundle of REQUESTS_CA_BUNDLE or SSL_CERT_FILE cannot be read: {why}"
        ) from error
