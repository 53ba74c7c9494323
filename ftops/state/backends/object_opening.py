"""How a bucket is opened: with what the environment says of credentials and the server's address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from ftops.errors import StateError
from ftops.state.backends.object_access import ObjectAccess, Rights
from ftops.state.backends.object_errors import LIBRARY_ERRORS, Place, failure, shortened

STATE_SECONDS = 45.0
"""For one request that carries a state: 25 MB take 20 s at 10 Mbit/s."""

LOCK_SECONDS = 10.0
"""For one request that carries a lock, which is small: a beat must not hang for much of a lease."""

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


def open_access(
    place: Place, environ: Mapping[str, str], seconds: float, rights: Rights | None = None
) -> ObjectAccess:
    """Open a bucket; `seconds` bound one request. Sends nothing. Raises StateError."""
    endpoint = _endpoint(place, environ)
    names = _NAMES[place.scheme]
    config: dict[str, Any] = {name.lower(): environ[name] for name in names if environ.get(name)}
    for name, alias in _ALIASES.items():
        if name in names and environ.get(alias):
            config.setdefault(name.lower(), environ[alias])
    if endpoint:
        config[_ENDPOINTS[place.scheme][0].lower()] = endpoint
    options = _client_options(environ, seconds)
    options["allow_http"] = endpoint.startswith("http://") or "azure_storage_use_emulator" in config
    try:
        store = _store(place, config, {"client_options": options, "retry_config": _retries(place, seconds)})
    except LIBRARY_ERRORS as error:
        raise _unopened(place, error) from shortened(error)
    return ObjectAccess(store, place, rights or Rights())


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
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        if good and not parts.username and not parts.query:
            return environ[name]
    except ValueError:
        pass
    raise StateError(
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
            raise StateError(
                f"the certificates that AWS_CA_BUNDLE names cannot be read: {error.strerror}",
                hint="correct or unset AWS_CA_BUNDLE",
            ) from error
    return options


def _unopened(place: Place, error: Exception) -> StateError:
    if "Account must be specified" in str(error):
        return StateError(
            f"cannot open {place.location}: no storage account is named",
            hint="set AZURE_STORAGE_ACCOUNT_NAME",
        )
    return failure(place, "open", error)
