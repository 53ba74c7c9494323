"""How a bucket is opened: with what the environment says of credentials and the server's address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from ftops.errors import FtopsError
from ftops.transport.bucket_errors import LIBRARY_ERRORS, Place, reason, shortened
from ftops.transport.hosts import origin_of

_CONNECT = timedelta(seconds=5)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NAMES = {
    "s3": _names(
        """
        AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_TOKEN AWS_REGION AWS_DEFAULT_REGION
        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN
        AWS_ROLE_SESSION_NAME AWS_ENDPOINT_URL_STS AWS_METADATA_ENDPOINT AWS_IMDSV1_FALLBACK
        AWS_VIRTUAL_HOSTED_STYLE_REQUEST AWS_CHECKSUM_ALGORITHM AWS_UNSIGNED_PAYLOAD AWS_REQUEST_PAYER
        AWS_SKIP_SIGNATURE AWS_S3_EXPRESS AWS_SERVER_SIDE_ENCRYPTION AWS_SSE_KMS_KEY_ID
        AWS_SSE_BUCKET_KEY_ENABLED AWS_SSE_CUSTOMER_KEY_BASE64
        """
    ),
    "gs": _names(
        """
        GOOGLE_APPLICATION_CREDENTIALS GOOGLE_SERVICE_ACCOUNT GOOGLE_SERVICE_ACCOUNT_PATH
        GOOGLE_SERVICE_ACCOUNT_KEY GOOGLE_BEARER_TOKEN GOOGLE_SKIP_SIGNATURE
        """
    ),
    "az": _names(
        """
        AZURE_STORAGE_ACCOUNT_NAME AZURE_STORAGE_ACCOUNT_KEY AZURE_STORAGE_ACCESS_KEY
        AZURE_STORAGE_MASTER_KEY AZURE_STORAGE_SAS_TOKEN AZURE_STORAGE_SAS_KEY AZURE_STORAGE_TOKEN
        AZURE_CREDENTIAL_TYPE AZURE_CLIENT_ID AZURE_CLIENT_SECRET AZURE_TENANT_ID AZURE_AUTHORITY_ID
        AZURE_AUTHORITY_HOST AZURE_STORAGE_CLIENT_ID AZURE_STORAGE_CLIENT_SECRET AZURE_STORAGE_TENANT_ID
        AZURE_STORAGE_AUTHORITY_ID AZURE_STORAGE_AUTHORITY_HOST AZURE_FEDERATED_TOKEN_FILE
        AZURE_IDENTITY_ENDPOINT AZURE_MSI_ENDPOINT AZURE_MSI_RESOURCE_ID AZURE_OBJECT_ID
        AZURE_USE_AZURE_CLI AZURE_STORAGE_USE_EMULATOR AZURE_SKIP_SIGNATURE
        """
    ),
}
"""What obstore reads in the environment, but for what names a bucket or switches conditions off."""

_NOT_SENT = _names(
    """
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE AWS_WEB_IDENTITY_TOKEN_FILE AZURE_FEDERATED_TOKEN_FILE
    GOOGLE_APPLICATION_CREDENTIALS GOOGLE_SERVICE_ACCOUNT GOOGLE_SERVICE_ACCOUNT_PATH
    GOOGLE_SERVICE_ACCOUNT_KEY
    """
)
"""Paths and documents of JSON. All others become part of an address or of a header."""

_VISIBLE = re.compile(r"[!-~]*")

_ENDPOINTS = {
    # In the order in which they count; the first is the name under which obstore is told.
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}

_ALIASES = {
    # What Azure's own command line reads.
    "AZURE_STORAGE_ACCOUNT_NAME": "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_ACCOUNT_KEY": "AZURE_STORAGE_KEY",
}


def open_bucket(place: Place, environ: Mapping[str, str], seconds: float) -> ObjectStore:
    """Open a bucket; `seconds` bound one request. Sends nothing. Raises FtopsError."""
    endpoint = _endpoint(place, environ)
    config = _config(place, environ)
    if endpoint:
        config[_ENDPOINTS[place.scheme][0].lower()] = endpoint
    options = _client_options(environ, seconds)
    options["allow_http"] = endpoint.startswith("http://") or "azure_storage_use_emulator" in config
    try:
        return _store(place, config, {"client_options": options, "retry_config": _retries(place, seconds)})
    except LIBRARY_ERRORS as error:
        raise _unopened(place, error) from shortened(error)


def _config(place: Place, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what the environment says. Raises FtopsError for signs at which obstore would panic."""
    names = sorted(_NAMES[place.scheme])
    used = {name: name for name in names if environ.get(name)}
    for name, alias in _ALIASES.items():
        if name in names and environ.get(alias):
            used.setdefault(name, alias)
    for name in used.values():
        if name not in _NOT_SENT and not _VISIBLE.fullmatch(environ[name]):
            raise FtopsError(
                f"cannot open {place.location}: {name} has a space, a line break or another sign in it that "
                "cannot be sent",
                hint=f"set {name} again; what is pasted or read from a file often ends with a line break",
            )
    return {name.lower(): environ[source] for name, source in used.items()}


def _retries(place: Place, seconds: float) -> Any:
    """None is begun later than 15 s after the first; the last may take `seconds` more."""
    return {
        # Google takes one write a second of an object, and answers 429 to the next: that has to be sat out.
        "max_retries": 5 if place.scheme == "gs" else 2,
        "retry_timeout": timedelta(seconds=min(seconds, 15)),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=2),
            "base": 2,
        },
    }


def _store(place: Place, config: Any, how: dict[str, Any]) -> ObjectStore:
    if place.scheme == "gs":
        return GCSStore(place.bucket, config=config, **how)
    if place.scheme == "az":
        return AzureStore(place.bucket, config=config, **how)
    # Said here, for obstore reads the environment as well. Not every store speaks the bulk delete.
    config.update(aws_conditional_put="etag", aws_disable_bulk_delete="true")
    return S3Store(place.bucket, config=config, **how)


def _endpoint(place: Place, environ: Mapping[str, str]) -> str:
    name = next((name for name in _ENDPOINTS[place.scheme] if environ.get(name)), None)
    if name is None:
        return ""
    try:
        parts = urlsplit(environ[name])
        good = parts.scheme in {"http", "https"} and parts.port != 0
        # urlsplit drops line breaks, and lets spaces pass; obstore panics at them.
        if good and origin_of(environ[name]) and not parts.username and not parts.query:
            return environ[name]
    except ValueError:
        pass
    raise FtopsError(
        f"cannot open {place.location}: {name} is not the address of a server",
        hint="for example https://storage.example.com; without a user, a password or a query",
    )


def _client_options(environ: Mapping[str, str], seconds: float) -> Any:
    options: dict[str, Any] = {"timeout": timedelta(seconds=seconds), "connect_timeout": _CONNECT}
    bundle = environ.get("AWS_CA_BUNDLE")
    if bundle:
        try:
            options["root_certificate"] = Path(bundle).read_bytes()
        except OSError as error:
            raise FtopsError(
                f"the certificates that AWS_CA_BUNDLE names cannot be read: {error.strerror}",
                hint="correct or unset AWS_CA_BUNDLE",
            ) from error
    return options


def _unopened(place: Place, error: Exception) -> FtopsError:
    if "Account must be specified" in str(error):
        return FtopsError(
            f"cannot open {place.location}: no storage account is named",
            hint="set AZURE_STORAGE_ACCOUNT_NAME",
        )
    why, hint = reason(place, error)
    return FtopsError(f"cannot open {place.location}: {why}", hint=hint)
