"""What an object store or the way to it said, in one sentence of ours with a next step.

obstore's texts run over many lines and quote addresses, which can carry a signature: none of it is passed on.
"""

from __future__ import annotations

import re

from msgspec import Struct
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from ftops.errors import StateError, StateUncertain

LIBRARY_ERRORS = (BaseError, OSError, ValueError, NotImplementedError)
"""All that obstore raises; some of its errors are Python's own."""


class Place(Struct, frozen=True):
    """Where a state is. `reference` is set where its URL came from one, which messages then name instead."""

    scheme: str
    bucket: str
    key: str
    reference: str | None = None

    @property
    def location(self) -> str:
        """The URL, which holds no credential, or the reference to it."""
        return self.reference or f"{self.scheme}://{self.bucket}/{self.key}"

    @property
    def bucket_words(self) -> str:
        """The bucket, for a message."""
        return f"the bucket of {self.reference}" if self.reference else f"the bucket {self.bucket}"

    @property
    def key_words(self) -> str:
        """The key, for a message."""
        return "KEY" if self.reference else self.key


class _Store(Struct, frozen=True):
    """What to tell a person about one kind of store."""

    credentials: str
    endpoint: str
    rights: str


_STORES = {
    "s3": _Store(
        credentials="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a web identity or an instance role; "
        'profiles are not read: eval "$(aws configure export-credentials --format env)"',
        endpoint="AWS_ENDPOINT_URL, AWS_REGION",
        rights="s3:ListBucket on the bucket, s3:GetObject and s3:PutObject on {key}*, "
        "s3:DeleteObject on {key}.history/*",
    ),
    "gs": _Store(
        credentials="set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT, or run "
        "`gcloud auth application-default login`",
        endpoint="GOOGLE_BASE_URL",
        rights="storage.objects.get, list, create and delete on the bucket (roles/storage.objectUser)",
    ),
    "az": _Store(
        credentials="set AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY, "
        "AZURE_STORAGE_SAS_TOKEN or AZURE_CLIENT_ID and its kin; connection strings are not read",
        endpoint="AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ENDPOINT",
        rights="Storage Blob Data Contributor on the container (read, list, create, write, delete)",
    ),
}

_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_BUCKET_MISSING = re.compile(r"NoSuchBucket|ContainerNotFound|specified bucket does not exist")
_SKEWED = re.compile(
    r"RequestTimeTooSkewed|Request date header too old|RequestExpired|check your iat and exp"
)
_NO_CREDENTIALS = re.compile(
    r"performing \w+ http://(169\.254\.\d+\.\d+|metadata\.google\.internal|metadata/)"
    r"|/latest/api/token|/latest/meta-data/|/computeMetadata/|/metadata/identity/"
    r"|az account get-access-token"
)
_BAD_CREDENTIALS = re.compile(
    r"InvalidAccessKeyId|SignatureDoesNotMatch|InvalidClientTokenId|InvalidToken|ExpiredToken|InvalidIdentityToken"
    r"|AuthenticationFailed|InvalidAuthenticationInfo|NoAuthenticationInformation"
    r"|failed to authenticate the request"
    r"|invalid_grant|invalid_client|UnrecognizedClient"
)
_ELSEWHERE = re.compile(
    r"Received redirect|PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint"
    r"|IncorrectEndpoint"
)
_TLS = re.compile(
    r"InvalidCertificate|InvalidMessage|PeerIncompatible|PeerMisbehaved|AlertReceived|NoCertificatesPresented"
)
_TIMEOUT = re.compile(r"kind: Timeout|TimedOut|operation timed out|deadline has elapsed")
_NO_ROUTE = re.compile(r"NetworkUnreachable|HostUnreachable|Network is unreachable")

_UNTIMELY = "408"

_LONGEST = 200

_FORBIDDEN = "the credentials do not allow it"


def is_bucket_missing(error: Exception) -> bool:
    """Return whether it is the bucket that is not there, and not an object in it."""
    return _BUCKET_MISSING.search(str(error)) is not None


def failure(place: Place, doing: str, error: Exception) -> StateError:
    """Make the error for a request that changed nothing. `doing` follows "cannot": "read the state"."""
    why, hint = _reason(place, error)
    return StateError(f"cannot {doing} {place.location}: {why}", hint=hint)


def write_failure(place: Place, doing: str, error: Exception, *, may_read: bool) -> StateError:
    """Make the error for a write, StateUncertain unless the store certainly refused it."""
    why, hint = _reason(place, error)
    if _is_refusal(error):
        if why == _FORBIDDEN and may_read:
            why = "the credentials may read but not write"
        return StateError(f"cannot {doing} {place.location}: {why}", hint=hint)
    return StateUncertain(f"cannot {doing} {place.location}, or tell whether it was done: {why}", hint=hint)


def shortened(error: Exception) -> BaseError:
    """Return a cause that can be shown: the first line, without addresses."""
    return BaseError(_first_line(str(error)))


def _is_refusal(error: Exception) -> bool:
    """Return whether the only try got a refusal; an earlier one that was repeated may have had its effect."""
    if not isinstance(error, BaseError | FileNotFoundError):
        return True
    text = str(error)
    status = _STATUS.search(text)
    refused = status is not None and status[1].startswith("4") and status[1] != _UNTIMELY
    return (refused and "retries: 0," in text) or _NO_CREDENTIALS.search(text) is not None


def _reason(place: Place, error: Exception) -> tuple[str, str]:
    text = str(error)
    return (
        _about_credentials(place, error, text)
        or _about_the_place(place, text)
        or _about_the_way(place, text)
        or _about_rights(place, error, text)
        or _about_the_answer(text)
    )


def _about_credentials(place: Place, error: Exception, text: str) -> tuple[str, str] | None:
    store = _STORES[place.scheme]
    if _SKEWED.search(text):
        return "this machine's clock is too far from the store's", "set the clock (NTP)"
    if _NO_CREDENTIALS.search(text):
        return "no credentials were found", store.credentials
    if _BAD_CREDENTIALS.search(text) or isinstance(error, UnauthenticatedError):
        code = _CODE.search(text)
        return f"the credentials are refused{f' ({code[1]})' if code else ''}", store.credentials
    return None


def _about_the_place(place: Place, text: str) -> tuple[str, str] | None:
    store = _STORES[place.scheme]
    if _BUCKET_MISSING.search(text):
        hint = f"create it, or correct spec.state or what names the store ({store.endpoint})"
        return f"{place.bucket_words} does not exist", hint
    if _ELSEWHERE.search(text) or _status(text) == "301":
        return f"{place.bucket_words} is in another region", f"set {store.endpoint}"
    return None


def _about_the_way(place: Place, text: str) -> tuple[str, str] | None:
    check = f"check the network and {_STORES[place.scheme].endpoint}"
    if "dns error" in text:
        return "the name of its server cannot be resolved", check
    if "ConnectionRefused" in text:
        return "its server refuses connections", check
    if _NO_ROUTE.search(text):
        return "its server cannot be reached", check
    if "kind: Connect" in text and _TLS.search(text):
        trust = "; a private authority is trusted by AWS_CA_BUNDLE or SSL_CERT_FILE"
        return "no safe connection (TLS) to its server can be made", check + trust
    if _TIMEOUT.search(text):
        return "its server does not answer in time", check
    if _status(text) is None and "HTTP error" in text:
        return "the connection to its server broke", check
    return None


def _about_rights(place: Place, error: Exception, text: str) -> tuple[str, str] | None:
    if isinstance(error, PermissionDeniedError) or _status(text) == "403":
        return _FORBIDDEN, f"allow {_STORES[place.scheme].rights.format(key=place.key_words)}"
    return None


def _about_the_answer(text: str) -> tuple[str, str]:
    status, code = _status(text), _CODE.search(text)
    if status is None:
        return _first_line(text), "check spec.state and the environment"
    said = f"its server answers {status}{f' ({code[1]})' if code else ''}"
    return said, "run ftops again" if status.startswith(
        "5"
    ) else "see the store's documentation of this answer"


def _status(text: str) -> str | None:
    found = _STATUS.search(text)
    return found[1] if found else None


def _first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    line = re.sub(r"https?://\S+", "(address)", line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
