"""What an object store or the way to it said, in one sentence of ours with a next step.

obstore's texts run over many lines and quote addresses, which can carry a signature: none of it is passed on.
"""

from __future__ import annotations

import re

from msgspec import Struct
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

LIBRARY_ERRORS = (BaseError, OSError, ValueError, NotImplementedError)
"""As obstore raises them: ValueError for paths and certificates. Nothing else runs where they are caught."""


class Place(Struct, frozen=True):
    """Where a state, or a file that is only `read`, is.

    `reference` is set where its URL came from one, which messages then name instead.
    """

    scheme: str
    bucket: str
    key: str
    reference: str | None = None
    read: bool = False

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
    """What a person needs to know about one kind of store."""

    credentials: str
    endpoint: str
    rights: str
    reading: str


_STORES = {
    "s3": _Store(
        credentials="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a web identity or an instance role; "
        'profiles are not read: eval "$(aws configure export-credentials --format env)"',
        endpoint="AWS_ENDPOINT_URL, AWS_REGION",
        rights="s3:ListBucket on the bucket, s3:GetObject and s3:PutObject on {key}*, "
        "s3:DeleteObject on {key}.history/*",
        reading="s3:GetObject, and s3:GetObjectVersion for a version, on {key}",
    ),
    "gs": _Store(
        credentials="set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT, or run "
        "`gcloud auth application-default login`",
        endpoint="GOOGLE_BASE_URL",
        rights="storage.objects.get, list, create and delete on the bucket (roles/storage.objectUser)",
        reading="storage.objects.get on {key} (roles/storage.objectViewer)",
    ),
    "az": _Store(
        credentials="set AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY, "
        "AZURE_STORAGE_SAS_TOKEN or AZURE_CLIENT_ID and its companions; connection strings are not read",
        endpoint="AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ENDPOINT",
        rights="Storage Blob Data Contributor on the container (read, list, create, write, delete)",
        reading="Storage Blob Data Reader on the container",
    ),
}

_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
STATUS = re.compile(r"status code: (\d{3})")
_BUCKET_MISSING = re.compile(r"NoSuchBucket|ContainerNotFound|specified bucket does not exist")
_SKEWED = re.compile(
    r"RequestTimeTooSkewed|Request date header too old|RequestExpired|check your iat and exp"
)
NO_CREDENTIALS = re.compile(
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

_LONGEST = 200

FORBIDDEN = "the credentials do not allow it"


def is_bucket_missing(error: Exception) -> bool:
    """Return whether it is the bucket that is not there, and not an object in it."""
    return _BUCKET_MISSING.search(str(error)) is not None


def is_passing(error: Exception) -> bool:
    """Return whether the same read may succeed a little later: the way broke, or the server did."""
    text = str(error)
    status = _status(text)
    broken = _TIMEOUT.search(text) or (
        status is None and "HTTP error" in text and "kind: Connect" not in text
    )
    return bool(broken) or (status is not None and status.startswith("5"))


def shortened(error: Exception) -> BaseError:
    """Return a cause that can be shown: the first line, without addresses."""
    return BaseError(_first_line(str(error)))


def reason(place: Place, error: Exception) -> tuple[str, str]:
    """Return why a request failed, and what to do."""
    text = str(error)
    return (
        _about_credentials(place, error, text)
        or _about_the_place(place, text)
        or _about_the_way(place, text)
        or _about_rights(place, error, text)
        or _about_the_answer(place, text)
    )


def _about_credentials(place: Place, error: Exception, text: str) -> tuple[str, str] | None:
    store = _STORES[place.scheme]
    if _SKEWED.search(text):
        return "this machine's clock is too far from the store's", "set the clock (NTP)"
    if NO_CREDENTIALS.search(text):
        return "no credentials were found", store.credentials
    if _BAD_CREDENTIALS.search(text) or isinstance(error, UnauthenticatedError):
        code = _CODE.search(text)
        return f"the credentials are refused{f' ({code[1]})' if code else ''}", store.credentials
    return None


def _about_the_place(place: Place, text: str) -> tuple[str, str] | None:
    store = _STORES[place.scheme]
    if _BUCKET_MISSING.search(text):
        written = "correct the url" if place.read else "create it, or correct spec.state"
        hint = f"{written} or what names the store ({store.endpoint})"
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
        store = _STORES[place.scheme]
        rights = store.reading if place.read else store.rights
        return FORBIDDEN, f"allow {rights.format(key=place.key_words)}"
    return None


def _about_the_answer(place: Place, text: str) -> tuple[str, str]:
    status, code = _status(text), _CODE.search(text)
    if status is None:
        return _first_line(text), f"check {'the url' if place.read else 'spec.state'} and the environment"
    said = f"its server answers {status}{f' ({code[1]})' if code else ''}"
    return said, "run ftops again" if status.startswith(
        "5"
    ) else "see the store's documentation of this answer"


def _status(text: str) -> str | None:
    found = STATUS.search(text)
    return found[1] if found else None


def _first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    line = re.sub(r"https?://\S+", "(address)", line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
