"""A job's own folder: one process at a time, one job for ever, one result."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .codes import Refused

RESULT = "result.json"
DOCUMENT = "job.json"
COMPLETE = "ftops-complete"
"""A file of a checkpoint, written last: a checkpoint without it was cut short."""
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


class Output:
    """The folder, held by a lock for as long as this process lives, or a child that was given `lock`."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self.lock = lock

    @classmethod
    def hold(cls, folder: Path) -> Output:
        """Make the folder and lock it. Raises Refused: not writable, or another process holds it."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            raise not_writable(folder, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            words = f"another process is training this job into {folder}: nothing is done"
            raise Refused("already_running", words, "wait for it; its events are in that folder") from error
        except OSError as error:
            os.close(lock)
            raise not_writable(folder, error) from error
        return cls(folder, lock)

    def claim(self, document: Mapping[str, Any]) -> None:
        """Keep the job document, or find the same one. Raises Refused where the folder is another job's."""
        kept = read_json(self.folder / DOCUMENT)
        if kept is None:
            write_json(self.folder / DOCUMENT, document)
        elif kept != document:
            words = f"{self.folder} is the folder of job {kept.get('id')}, with another document"
            raise Refused("job_document", words, "give each job an id and a folder of its own")

    def result(self) -> Mapping[str, Any] | None:
        """Return the result of a training that has ended well before."""
        return read_json(self.folder / RESULT)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Write the result. From here on the job is done, however often it is started."""
        write_json(self.folder / RESULT, result)

    def checkpoints(self) -> list[tuple[int, Path]]:
        """Return the whole checkpoints, by step."""
        found = [(_CHECKPOINT.fullmatch(path.name), path) for path in self.folder.iterdir()]
        return sorted((int(name[1]), path) for name, path in found if name and (path / COMPLETE).exists())

    def torn_checkpoints(self) -> list[Path]:
        """Return the checkpoints that were cut short."""
        paths = [path for path in self.folder.iterdir() if _CHECKPOINT.fullmatch(path.name)]
        return [path for path in paths if not (path / COMPLETE).exists()]


def mark_complete(checkpoint: Path) -> None:
    """Say that a checkpoint is whole."""
    (checkpoint / COMPLETE).touch()


def not_writable(folder: Path, error: OSError) -> Refused:
    """Say that the folder cannot be written."""
    words = f"{folder} cannot be written: {error.strerror or error}"
    return Refused(
        "output_not_writable", words, "make trainer.output a folder with room that every node can write"
    )


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a file that was written whole; None where it is not there."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file whole or not at all. Raises Refused where it cannot be written."""
    new = path.with_name(path.name + ".new")
    try:
        with new.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=2, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)  # noqa: PTH105 # the name of the system call
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise not_writable(path.parent, error) from error
