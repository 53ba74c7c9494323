"""Why a connection was not made, or broke, in the system's words; and whether anything was sent before."""

from __future__ import annotations

import ssl

from urllib3.exceptions import ConnectTimeoutError, LocationValueError, NewConnectionError, ProxyError

from ftops.transport.error_words import one_line


def connecting_failure(error: BaseException) -> BaseException | None:
    """Return what failed while the connection was being made, None where the request may have been sent.

    The library calls a break a proxy's error too when a proxy is in between: only the cause tells.
    """
    if isinstance(error, ProxyError):
        return connecting_failure(error.original_error)
    made = isinstance(error, NewConnectionError | ConnectTimeoutError | LocationValueError)
    return error if made else None


def cause_of(error: BaseException) -> str:
    """Find the system's message under the library's."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    if isinstance(cause, ssl.SSLCertVerificationError):
        return one_line(f"TLS: {cause.verify_message}")
    if isinstance(cause, ssl.SSLError):
        return one_line(f"TLS: {str(cause.reason or cause).replace('_', ' ').lower()}")
    told = cause.strerror if isinstance(cause, OSError) else None
    return one_line(told or str(cause)) or type(cause).__name__
