"""How Ray words a job's failure, in its record: the message and the type of error. As recorded."""

LONGEST_TAIL = 20_000
START_ERROR = "JOB_ENTRYPOINT_COMMAND_START_ERROR"
START_MESSAGE = """Traceback (most recent call last):
  File "/opt/ray/lib/python3.11/site-packages/ray/dashboard/modules/job/job_supervisor.py", line 402, in run
    job_process = psutil.Process(child_pid)
                  ^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/opt/ray/lib/python3.11/site-packages/ray/thirdparty_files/psutil/__init__.py", line 314, in __init__
    self._init(pid)
  File "/opt/ray/lib/python3.11/site-packages/ray/thirdparty_files/psutil/__init__.py", line 360, in _init
    raise NoSuchProcess(pid, msg=msg) from None
psutil.NoSuchProcess: process PID not found (pid=18932)
"""
STALE_MESSAGE = "Unexpected error occurred: failed to get job supervisor."


def exit_message(exit_code: int, log: str) -> str:
    """Return the message of a job whose command failed: with the end of its log."""
    told = f"Job entrypoint command failed with exit code {exit_code}, last available logs"
    return f"{told} (truncated to 20,000 chars):\n{log[-LONGEST_TAIL:]}"


def missing_package(uri: str) -> tuple[str, str]:
    """Return type and message for a package that the nodes do not get, or cannot unpack."""
    why = (
        "runtime_env setup failed: Failed to set up runtime environment.\n"
        "Could not create the actor because its associated runtime env failed to be created.\n"
        "[Node 127.0.0.1] Traceback (most recent call last):\n"
        '  File "/opt/ray/lib/python3.11/site-packages/ray/_private/runtime_env/packaging.py", line 957, in '
        "download_and_unpack_package\n    raise IOError(\n"
        f"OSError: Failed to download runtime_env file package {uri} from the GCS to the Ray worker node. "
        "The package may have prematurely been deleted from the GCS due to a long upload time or a problem "
        "with Ray. Try setting the environment variable RAY_RUNTIME_ENV_TEMPORARY_REFERENCE_EXPIRATION_S  "
        "to a value larger than the upload time in seconds (the default is 600). If this fails, try "
        "re-running after making any change to a file in the file package.\n"
    )
    return "RUNTIME_ENV_SETUP_FAILURE", why


def no_modules() -> tuple[str, str]:
    """Return type and message for `py_modules` of an empty list, which Ray does not take for none."""
    why = (
        "runtime_env setup failed: Failed to set up runtime environment.\n"
        "TypeError: path_or_uri must be a string, got <class 'NoneType'>\n"
    )
    return "RUNTIME_ENV_SETUP_FAILURE", why


def unschedulable(amount: float) -> tuple[str, str]:
    """Return type and message for resources that make no sense."""
    why = f"Resource quantities must not be negative: {amount:g}"
    return "JOB_SUPERVISOR_ACTOR_START_FAILURE", f"Failed to start supervisor actor {why}"
