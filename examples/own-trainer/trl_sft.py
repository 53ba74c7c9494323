"""A trainer of your own that ftops can run: TRL's command line, `trl sft`, behind the contract of ftops.

Put it where every node finds it, and name it in ftops.yaml:

    trainer: {entrypoint: exec python /mnt/trainers/trl_sft.py job.json, output: /mnt/models/ftops}

`ftops_trainer` comes with every job. It checks the job document and the data, locks the output folder, and
says how the job ended; what is left is to build a command, to run it, and to say what it has made.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ftops_trainer import Job, Outcome, Refused, Run, Stopped, main, read_rows
from ftops_trainer.start import name_base, start_of

COMMAND = ("trl", "sft")
FLAGS = {
    "n_epochs": "--num_train_epochs",
    "batch_size": "--per_device_train_batch_size",
    "gradient_accumulation_steps": "--gradient_accumulation_steps",
    "learning_rate": "--learning_rate",
    "max_length": "--max_length",
    "logging_steps": "--logging_steps",
    "save_steps": "--save_steps",
    "lora_r": "--lora_r",
    "lora_alpha": "--lora_alpha",
    "lora_dropout": "--lora_dropout",
    "bf16": "--bf16",
}
"""What this trainer takes of a job document, and what the command calls it."""
OURS = {"job.json", "lock", "events.jsonl", "result.json"}


def train(run: Run) -> Outcome:
    """Run the command to its end; on from the last checkpoint where an earlier start has left one."""
    refuse_what_it_cannot(run.job)
    read_rows(run.training_file, run.job.method)
    progress = Progress(run)
    # An argument list, and no shell: no value of a job document can become a command. The command holds the
    # lock of the output folder too, so that nothing else trains there should this program be killed alone.
    child = subprocess.Popen(command(run), pass_fds=(run.output.lock,), stdout=subprocess.PIPE, text=True)
    try:
        for line in child.stdout or ():
            sys.stdout.write(line)
            progress.look()
        code = child.wait()
    except Stopped:
        # `trl sft` saves nothing when it is stopped: what it did since its last checkpoint is lost.
        child.terminate()
        child.wait()
        progress.look()
        raise Stopped(progress.step, progress.checkpoint) from None
    progress.look()
    if code != 0:
        raise Refused("trainer_failed", f"`trl sft` ended with exit code {code}", "its log says why")
    return outcome(run, progress)


def refuse_what_it_cannot(job: Job) -> None:
    """Say before anything is trained what a person asked for that the command would not do."""
    unknown = sorted(job.given.keys() - FLAGS.keys())
    if job.method != "supervised":
        raise Refused("job_document", f"trl_sft.py trains no {job.method}", "use method: supervised")
    if job.continue_from:
        raise Refused("job_document", "trl_sft.py starts from a model", "name a model, not a fine-tune")
    if job.validation_file:
        raise Refused("job_document", "trl_sft.py takes no validation file", "leave it out")
    if unknown:
        hint = f"it takes {', '.join(FLAGS)}"
        raise Refused("job_document", f"trl_sft.py takes no hyperparameter {unknown[0]}", hint)


def command(run: Run) -> list[str]:
    """Write the command of a job, each value an argument of its own."""
    told = {"save_steps": 100, **run.job.given}
    data = run.output.folder / "data"
    data.mkdir(exist_ok=True)
    shutil.copyfile(run.training_file, data / "train.jsonl")
    flags = {FLAGS[name]: value for name, value in told.items()}
    flags |= {
        "--model_name_or_path": start_of(run.job).base,
        "--dataset_name": data,
        "--output_dir": run.output.folder,
        "--seed": run.job.seed,
        "--report_to": "none",
        "--disable_tqdm": True,
        "--use_peft": True,
        "--lora_target_modules": "all-linear",
    }
    checkpoints = run.output.checkpoints()
    if checkpoints:
        flags["--resume_from_checkpoint"] = checkpoints[-1][1]
    return [*COMMAND, *(str(each) for flag in flags.items() for each in flag)]


class Progress:
    """What the checkpoints of the command tell: each has the losses of all steps before it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        kept = run.output.checkpoints()
        self.step = kept[-1][0] if kept else 0
        self.checkpoint = str(kept[-1][1]) if kept else None
        self.loss: float | None = None

    def look(self) -> None:
        """Report every checkpoint that is new and whole, and the losses up to it."""
        folders = self.run.output.folder.glob("checkpoint-*")
        for folder in sorted(folders, key=lambda path: int(path.name.rpartition("-")[2])):
            state = self.state(folder)
            if state is None or state["global_step"] <= self.step:
                continue
            for entry in state["log_history"]:
                if "loss" in entry and entry["step"] > self.step:
                    self.loss = float(entry["loss"])
                    self.run.metrics(entry["step"], state["max_steps"], train_loss=self.loss)
            self.step, self.checkpoint = state["global_step"], str(folder)
            self.run.checkpoint(self.step, folder)

    @staticmethod
    def state(folder: Path) -> dict[str, Any] | None:
        """Read what transformers writes last into a checkpoint; None while it is not whole."""
        try:
            found: dict[str, Any] = json.loads((folder / "trainer_state.json").read_text())
        except (OSError, ValueError):
            return None
        return found


def outcome(run: Run, progress: Progress) -> Outcome:
    """Put what the command has left in the output folder where ftops looks for it."""
    adapter = run.output.folder / "adapter"
    shutil.rmtree(adapter, ignore_errors=True)
    adapter.mkdir()
    for path in run.output.folder.iterdir():
        if path.is_file() and path.name not in OURS:
            path.rename(adapter / path.name)
    if not (adapter / "adapter_config.json").exists():
        raise Refused("trainer_failed", "`trl sft` has left no adapter", "its log says why")
    base = run.job.base_model or str(run.job.model)
    name_base(adapter, base)
    return Outcome(adapter, base, steps=progress.step, train_loss=progress.loss)


if __name__ == "__main__":
    sys.exit(main(train))
