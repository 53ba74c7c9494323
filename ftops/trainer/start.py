"""What a training starts from: a base model, and the adapter of an earlier job where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .codes import Refused
from .job import Job
from .output import DOCUMENT, read_json, write_json
from .tiny import NAME, tiny_folder

ADAPTER_CONFIG = "adapter_config.json"
_LONGEST_CHAIN = 100


@dataclass(frozen=True)
class Start:
    """`base` is what can be loaded here, `public` what others call it; `adapter` lies on top of it."""

    base: str
    public: str
    adapter: Path | None = None

    @property
    def tokenizer(self) -> str:
        """Where the tokenizer is: an adapter comes with its own."""
        return (
            str(self.adapter)
            if self.adapter and (self.adapter / "tokenizer_config.json").exists()
            else self.base
        )


def start_of(job: Job) -> Start:
    """Find what a job starts from. Raises Refused where it is not on this node."""
    if job.model is not None:
        return Start(_loadable(job.model, job.output), job.base_model or job.model)
    return start_at(Path(str(job.continue_from)))


def start_at(folder: Path) -> Start:
    """Return what an earlier job has left in a folder: an adapter with its base, or a whole model."""
    if (folder / ADAPTER_CONFIG).is_file():
        base, public = _base_of(folder, _LONGEST_CHAIN)
        return Start(base, public, folder)
    if (folder / "config.json").is_file():
        return Start(str(folder), str(folder))
    words = f"{folder} is neither an adapter nor a model on this node"
    raise Refused(
        "model_missing",
        words,
        "train the fine-tune it continues from first, into a folder that every node can read",
    )


def _base_of(adapter: Path, left: int) -> tuple[str, str]:
    """Follow the job documents that earlier jobs have kept; without them the adapter names its base."""
    document = read_json(adapter.parent / DOCUMENT) or {}
    if document.get("model"):
        return _loadable(document["model"], adapter.parent), document.get("base_model") or document["model"]
    if document.get("continue_from") and left:
        earlier = Path(document["continue_from"])
        if (earlier / ADAPTER_CONFIG).is_file():
            return _base_of(earlier, left - 1)
        return str(earlier), str(earlier)
    name = _adapter_config(adapter).get("base_model_name_or_path")
    if not isinstance(name, str) or not name:
        raise Refused(
            "model_missing", f"{adapter} does not name its base model", "keep job.json beside the adapter"
        )
    return _loadable(name, adapter.parent), name


def _loadable(model: str, output: Path) -> str:
    return str(tiny_folder(output.parent)) if model == NAME else model


def _adapter_config(adapter: Path) -> Mapping[str, Any]:
    return read_json(adapter / ADAPTER_CONFIG) or {}


def name_base(adapter: Path, public: str) -> None:
    """Write the base's public name into an adapter: who serves it knows nothing of a path on this node."""
    if (adapter / ADAPTER_CONFIG).is_file():
        told = {**_adapter_config(adapter), "base_model_name_or_path": public}
        write_json(adapter / ADAPTER_CONFIG, told)


def adapter_settings(adapter: Path) -> Mapping[str, Any]:
    """Return the hyperparameters of an adapter that cannot change while it is trained on."""
    told = _adapter_config(adapter)
    names = {"lora_r": "r", "lora_alpha": "lora_alpha", "lora_dropout": "lora_dropout"}
    saved = told.get("modules_to_save")
    found = {name: told[key] for name, key in names.items() if key in told}
    return {**found, "modules_to_save": ",".join(sorted(saved))} if saved else found
