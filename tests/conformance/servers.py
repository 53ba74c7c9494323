"""Real servers of `/v1/fine_tuning/jobs` that ftops drives, and what running them has shown.

**aimock** 1.43.0 (npm `@copilotkit/aimock`, program `llmock`; Node.js 20.15 or newer) keeps marks.

- It stores `metadata`, `method` and `seed`, and shows them in the create's reply, in lists and in retrieves;
  `suffix` is seen only in the model's name. An unknown parameter, or a value out of range, is a 400 in
  OpenAI's own shape. Neither the model nor the file of a create has to exist.
- Lists are newest first, with `limit` (1 to 100), `after` and `has_more`.
- A job moves by one status each time that it is *retrieved* (queued, running, succeeded), and never by itself
  or by being listed: whoever only lists sees it pending for ever.
- Files keep name and content, and are `processed` at once. A terminal job cannot be cancelled (400).
- All in memory; no key is asked for.

**fakeai** 0.3.2 (PyPI; it imports Pillow without requiring it) drops marks.

- It takes `training_file`, `validation_file`, `model`, `hyperparameters` (at the top), `suffix`,
  `integrations` and `seed`, and drops everything else without a word: `metadata` and `method` with them. So a
  job whose hyperparameters were sent under `method` trains 3 epochs, batches of 4, at 0.1.
- What it shows of a job: model, file ids, `seed`, and top-level `hyperparameters`; never the suffix.
- Lists as above. A job moves by itself: 1 s validating, 1 s queued, 30 s running, then succeeded.
- An upload is not looked at: it becomes `uploaded_file_N.jsonl` of a random size with status `uploaded`, for
  ever. `/v1/files` shows three more files that nobody uploaded, ignores its query, and has no `has_more`.
- An error is `{"detail": "a text"}`, or a list of them (422). Events come as server-sent events without
  `[DONE]`, whether a stream was asked for or not.
- All in memory; no key is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LIFE = "ftops: whole life"
CUT = "ftops: cut reply"
CUT_AND_REMOVED = "ftops: cut reply, removed"
MARKS = "ftops: lost marks are said"
ALTERED = "ftops: what is altered is said"
SERVER_OPERATIONS = (LIFE, CUT, CUT_AND_REMOVED, MARKS, ALTERED)
"""The rows, in order."""


@dataclass(frozen=True, slots=True)
class Server:
    """One column: a program that serves a provider's API, and how it treats what ftops relies on."""

    name: str
    version: str
    requirements: tuple[str, ...]
    """What pip installs, or npm where there is an `npm:` before it; the text is the environment's key."""
    program: str
    arguments: tuple[str, ...]
    """What follows the program; `{port}` and `{home}` stand for what they say."""
    keeps_marks: bool
    polls_to_end: int = 0
    """How many retrieves end a job; 0: time does."""
    operations: tuple[str, ...] = SERVER_OPERATIONS
    """The cells that must be reported."""

    def command(self, programs: Path, home: Path, port: int) -> list[str]:
        """Return the command that serves on a port, keeping what it writes in `home`."""
        given = (argument.format(port=port, home=home) for argument in self.arguments)
        return [str(programs / self.program), *given]


SERVERS = (
    Server(
        "aimock",
        "1.43.0",
        ("npm:@copilotkit/aimock@1.43.0",),
        "llmock",
        ("--host", "127.0.0.1", "--port", "{port}", "--fixtures", "{home}"),
        keeps_marks=True,
        polls_to_end=3,
    ),
    Server(
        "fakeai",
        "0.3.2",
        (
            *("fakeai==0.3.2", "fastapi==0.165.0", "starlette==1.10.0", "pydantic==2.14.4"),
            *("uvicorn==0.54.0", "cyclopts==5.5.2", "pillow==13.0.0"),
        ),
        "fakeai-server",
        ("server", "--host", "127.0.0.1", "--port", "{port}"),
        keeps_marks=False,
    ),
)
