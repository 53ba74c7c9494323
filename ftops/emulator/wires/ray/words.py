"""Ray's refusals: a few sentences, and tracebacks of two of its processes, one within the other.

The words, lines and statuses are those of Ray 2.60.0, as recorded.
"""

import http

from ftops.emulator.wires import refusals
from ftops.emulator.wires.refusals import Refusal

PLACE = "/opt/ray/lib/python3.11/site-packages/ray/dashboard/modules/job"
LIBRARY = "/usr/lib/python3.11"
TROUBLE = "500 Internal Server Error\n\nServer got itself in trouble"
LARGEST_BODY = 100 * 1024 * 1024
"""Bytes; the head's web server takes no larger body."""
LONGEST_FILE_NAME = 255

_RAY = "ray"
"""The kind of refusal whose words are whole."""
_HEADING = "Traceback (most recent call last):\n"
_NO_ROUTE = ("Invalid URL", "Not allowed to")
"""How the emulator's own words begin for what the web server refuses."""

Frame = tuple[str, int, str, str]
"""File, line, function, and the code that stands there."""

_SUBMIT: tuple[Frame, ...] = (
    ("job_head.py", 419, "submit_job", "resp = await job_agent_client.submit_job_internal(submit_request)"),
    ("job_head.py", 148, "submit_job_internal", "await self._raise_error(resp)"),
)
_STOP: tuple[Frame, ...] = (
    ("job_head.py", 468, "stop_job", "resp = await job_agent_client.stop_job_internal(job.submission_id)"),
    ("job_head.py", 161, "stop_job_internal", "await self._raise_error(resp)"),
)
_DELETE: tuple[Frame, ...] = (
    (
        "job_head.py",
        500,
        "delete_job",
        "resp = await job_agent_client.delete_job_internal(job.submission_id)",
    ),
    ("job_head.py", 174, "delete_job_internal", "await self._raise_error(resp)"),
)
_RAISE: Frame = (
    "job_head.py",
    134,
    "_raise_error",
    'raise RuntimeError(f"Request failed with status code {status}: {error_text}.")',
)
_AGENT_SUBMIT: Frame = (
    "job_agent.py",
    45,
    "submit_job",
    "submission_id = await self.get_job_manager().submit_job(",
)
_VALIDATE: tuple[Frame, ...] = (
    (
        "utils.py",
        128,
        "parse_and_validate_request",
        "return validate_request_type(json_data, request_type)",
    ),
    ("common.py", 445, "validate_request_type", "return request_type(**json_data)"),
)
_LOG_FILE: tuple[Frame, ...] = (
    _AGENT_SUBMIT,
    (
        "job_manager.py",
        558,
        "submit_job",
        "driver_logger = self._get_job_driver_logger(submission_id)",
    ),
    (
        "job_manager.py",
        98,
        "_get_job_driver_logger",
        "job_driver_handler = logging.FileHandler(job_driver_log_path)",
    ),
    (f"{LIBRARY}/logging/__init__.py", 1181, "__init__", "StreamHandler.__init__(self, self._open())"),
    (
        f"{LIBRARY}/logging/__init__.py",
        1213,
        "_open",
        "return open_func(self.baseFilename, self.mode,",
    ),
)
_INNER_CALL = "self._open()"


def refusal_body(refusal: Refusal) -> str:
    """Write a refusal as the head's web server does: as text, in Ray's words or in the server's own."""
    if refusal.kind == _RAY:
        return refusal.message
    if refusal.message == refusals.server_error().message:
        return TROUBLE
    phrase = {each.value: each.phrase for each in http.HTTPStatus}.get(refusal.status, "")
    return f"{refusal.status}: {phrase if refusal.message.startswith(_NO_ROUTE) else refusal.message}"


def said(status: int, text: str) -> Refusal:
    """Return a refusal whose whole body is this text."""
    return Refusal(status, text, kind=_RAY)


def unknown_job(job_id: str) -> Refusal:
    """Return the 404 of every route of a job."""
    return said(404, f"Job {job_id} does not exist")


def wrong_kind(verb: str) -> Refusal:
    """Return the 400 for a driver that nobody submitted as a job."""
    return said(400, f"Can only {verb} submission type jobs")


def no_websocket(upgrade: str | None) -> Refusal:
    """Return the 400 of the web server for a plain request where it expects a websocket."""
    return said(400, f'No WebSocket UPGRADE hdr: {upgrade}\n Can "Upgrade" only to "WebSocket".')


def exists(job_id: str) -> Refusal:
    """Return the 500 for an id that is taken; the 400 within is what the agent told the head."""
    why = f"Job with submission_id {job_id} already exists. Please use a different submission_id."
    inner = _traceback(
        (_AGENT_SUBMIT, ("job_manager.py", 553, "submit_job", "raise ValueError(")), f"ValueError: {why}"
    )
    return said(500, _through_the_head(_SUBMIT, 400, inner))


def unloggable(job_id: str, session: str) -> Refusal:
    """Return the 500 for an id of which no log file can be named; its record is there all the same."""
    name = f"job-driver-{job_id}.log"
    place = f"/tmp/ray/{session}/logs/{name}"  # noqa: S108 - where Ray's logs are
    if len(name.encode()) > LONGEST_FILE_NAME:
        problem = f"OSError: [Errno 36] File name too long: '{place}'"
    else:
        problem = f"FileNotFoundError: [Errno 2] No such file or directory: '{place}'"
    return said(500, _through_the_head(_SUBMIT, 500, _traceback(_LOG_FILE, problem)))


def has_log(job_id: str) -> bool:
    """Say whether a log file can be named by the id."""
    return "/" not in job_id and len(f"job-driver-{job_id}.log".encode()) <= LONGEST_FILE_NAME


def no_route(verb: str) -> Refusal:
    """Return the 500 for changing a job whose id the head cannot put into an address."""
    frames = _STOP if verb == "stop" else _DELETE
    return said(500, _through_the_head(frames, 404, "404: Not Found"))


def not_over(job_id: str, status: str) -> Refusal:
    """Return the 500 for deleting a job that is not over."""
    why = f"Attempted to delete job '{job_id}', but it is in a non-terminal state {status}."
    frames = (
        (
            "job_agent.py",
            129,
            "delete_job",
            "deleted = await self.get_job_manager().delete_job(job.submission_id)",
        ),
        ("job_manager.py", 655, "delete_job", "raise RuntimeError("),
    )
    return said(500, _through_the_head(_DELETE, 500, _traceback(frames, f"RuntimeError: {why}")))


def bad_argument(why: str) -> Refusal:
    """Return the 400 for a field that is not there, or is too much."""
    return said(400, _traceback(_VALIDATE, f"TypeError: JobSubmitRequest.__init__() {why}"))


def bad_type(why: str, line: int = 517) -> Refusal:
    """Return the 400 for a field of another type."""
    frames = (
        *_VALIDATE,
        ("<string>", 13, "__init__", ""),
        ("common.py", line, "__post_init__", "raise TypeError("),
    )
    return said(400, _traceback(frames, f"TypeError: {why}"))


def too_large() -> Refusal:
    """Return the 413 of the web server."""
    return said(413, f"Maximum request body size {LARGEST_BODY} exceeded.")


def _through_the_head(frames: tuple[Frame, ...], status: int, inner: str) -> str:
    told = f"RuntimeError: Request failed with status code {status}: {inner}."
    return _traceback((*frames, _RAISE), told)


def _traceback(frames: tuple[Frame, ...], last: str) -> str:
    return _HEADING + "".join(map(_frame, frames)) + f"{last}\n"


def _frame(frame: Frame) -> str:
    name, line, function, code = frame
    where = name if name.startswith(("/", "<")) else f"{PLACE}/{name}"
    text = f'  File "{where}", line {line}, in {function}\n'
    if not code:
        return text
    return f"{text}    {code}\n{_carets(code)}"


def _carets(code: str) -> str:
    """Point at the expression, as Python 3.11 does where that is not the whole line."""
    if _INNER_CALL in code:
        start, length = code.index(_INNER_CALL), len(_INNER_CALL)
    elif " = " in code:
        start = code.index(" = ") + 3
        length = len(code) - start
    elif code.startswith("return "):
        start, length = 7, len(code) - 7
    else:
        return ""
    return f"    {' ' * start}{'^' * length}\n"
