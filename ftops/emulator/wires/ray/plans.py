"""What a job's command will do once it runs: decided from its packages when it is submitted."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from ftops.emulator.wires.ray.commands import COMMAND_SECONDS, command_of
from ftops.emulator.wires.ray.document import BadDocument, DataFile, JobDocument, parse_document
from ftops.emulator.wires.ray.packages import Packages, has_entry, inspect_data, inspect_entry, read_entry
from ftops.emulator.world.training import Dataset, training_seconds

DOCUMENT = "job.json"
UNSEEN = Dataset(60, 9000)
"""What a data file at a URL is taken to hold: the emulator fetches nothing."""
EXIT_CODES: Mapping[str, int] = {
    "data_refused": 65,
    "digest_mismatch": 65,
    "job_document": 65,
    "model_missing": 69,
    "library_missing": 69,
    "out_of_memory": 71,
    "output_not_writable": 73,
    "already_running": 75,
    "killed": -9,
}
"""What a trainer ends with, by the code of its error event; `killed` leaves no event. Any other: 1."""
HALFWAY = frozenset({"out_of_memory", "killed", "trainer_failed"})
"""What goes wrong in the middle of a training; everything else is found out before it."""
HINTS: Mapping[str, str] = {
    "data_refused": "correct the data file",
    "digest_mismatch": "send the data again",
    "job_document": "use a ftops that fits the trainer",
    "model_missing": "put the model where the nodes can load it",
    "library_missing": "install the extra `train` on the nodes",
    "out_of_memory": "lower batch_size or max_length",
    "output_not_writable": "let the nodes write trainer.output",
    "already_running": "wait for the other run",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a trainer will end without a result."""

    code: str
    message: str
    halfway: bool = False

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        return EXIT_CODES.get(self.code, 1)

    @property
    def data(self) -> dict[str, str]:
        """What the error event says to programs."""
        hint = HINTS.get(self.code, "look at the log")
        return {"code": self.code, "hint": hint}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The numbers of a training; where `output` is empty, of a process that gets to none."""

    output: str = ""
    job_id: str = ""
    base_model: str | None = None
    continue_from: str | None = None
    document: str = ""
    decisive: str = ""
    trouble: Trouble | None = None
    steps: int = 1
    steps_per_epoch: int = 1
    tokens: int = 0
    seconds: float = COMMAND_SECONDS
    lora: bool = True
    validated: bool = False
    report_every: int = 1
    save_every: int = 1
    keep: int | None = None
    says: str = ""
    exit_code: int = 0

    @property
    def model(self) -> str:
        """The folder that a training leaves."""
        return f"{self.output}/{'adapter' if self.lora else 'model'}"


def plan_of(body: Mapping[str, Any], packages: Packages, fault: tuple[str, str] | None) -> Plan:
    """Say what a submitted job will do; `fault` is a code and a message by which its trainer is to end."""
    entrypoint = str(body["entrypoint"])
    environment = body.get("runtime_env") or {}
    folder = packages.of_uri(environment.get("working_dir"))
    content = None if folder is None else read_entry(folder, DOCUMENT)
    if content is None or DOCUMENT not in entrypoint.split():
        command = command_of(entrypoint)
        return Plan(says=command.says, exit_code=command.exit_code, seconds=command.seconds)
    modules = environment.get("py_modules")
    uris = modules if isinstance(modules, list) else []
    places = [place for place in (folder, *map(packages.of_uri, uris)) if place is not None]
    try:
        document = parse_document(content)
    except BadDocument as problem:
        return Plan(trouble=Trouble("job_document", str(problem)))
    return _training(document, places, fault)


def _training(document: JobDocument, places: Iterable[Path], fault: tuple[str, str] | None) -> Plan:
    found = _look(document.training, places, document.method)
    validation = None
    if document.validation is not None:
        validation = _look(document.validation, places, document.method)
    trouble = next((each for each in (found, validation) if isinstance(each, Trouble)), None)
    if fault is not None:
        trouble = Trouble(*fault, halfway=fault[0] in HALFWAY or fault[0] not in EXIT_CODES)
    dataset = found if isinstance(found, Dataset) else Dataset(1, 0)
    asked = document.hyperparameters
    batch = int(asked.get("batch_size", 4)) * int(asked.get("gradient_accumulation_steps", 1))
    epochs = int(asked.get("n_epochs", 3))
    per_epoch = max(1, math.ceil(dataset.examples / batch))
    steps = per_epoch * epochs
    return Plan(
        output=document.output,
        job_id=document.id,
        base_model=document.base_model,
        continue_from=document.continue_from,
        document=document.text,
        decisive=document.decisive,
        trouble=trouble,
        steps=steps,
        steps_per_epoch=per_epoch,
        tokens=dataset.tokens * epochs,
        seconds=training_seconds(dataset.examples, epochs),
        lora=bool(asked.get("lora", True)),
        validated=validation is not None,
        report_every=int(asked.get("logging_steps", 1)),
        save_every=int(asked.get("save_steps", per_epoch)),
        keep=asked.get("keep_checkpoints"),
    )


def _look(file: DataFile, places: Iterable[Path], method: str) -> Dataset | Trouble:
    """Find a data file as the trainer does, and check it: first its bytes, then its rows."""
    if file.path.startswith(("http://", "https://")):
        return UNSEEN
    if file.path.startswith("/"):
        path = Path(file.path)
        if not path.is_file():
            return Trouble("data_refused", f"{file.path} is not there")
        digest, rows = inspect_data(path, method)
    else:
        package = next((place for place in places if has_entry(place, file.path)), None)
        if package is None:
            return Trouble("data_refused", f"{file.path} is not there")
        try:
            digest, rows = inspect_entry(package, file.path, method)
        except BadZipFile as problem:
            return Trouble("data_refused", f"{file.path}: {problem}")
    if digest != file.sha256:
        return Trouble("digest_mismatch", f"{file.path} has the SHA-256 {digest}, not {file.sha256}")
    return rows if isinstance(rows, Dataset) else Trouble("data_refused", f"{file.path}: {rows}")
