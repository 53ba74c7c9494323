"""The page of the trainer's contract, drawn from its schemas and its codes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generator.field_words import type_words
from docs.generator.reference import NOTICE
from ftops.trainer.codes import ERRORS, Exit
from ftops.trainer.schema import EVENT, JOB, schema

Schema = Mapping[str, Any]

_EXITS: Mapping[Exit, str] = {
    Exit.DONE: "Trained, now or before. Always with a `result` event; without one the job counts as failed.",
    Exit.FAILED: "Failed in another way; the log has the traceback.",
    Exit.DATA_REFUSED: "The data or the job document is refused.",
    Exit.MISSING: "The model, or a library of the trainer, is not on the node.",
    Exit.OUT_OF_MEMORY: "Out of memory, where the trainer itself could notice it.",
    Exit.NOT_WRITABLE: "The output folder cannot be written, or the disk is full.",
    Exit.RUNNING: "Another process trains this job. Not 0, which an engine would take for a training.",
    Exit.STOPPED: "Stopped by SIGTERM. What was trained is in a checkpoint.",
}

_HEAD = """\
# The trainer

An engine such as Ray runs a program on your machines. What makes that a fine-tune is a *trainer*: a program
that takes a job document, reports events as lines of its log, and leaves a result in a folder. The
reference trainer is `ftops/trainer`. It is sent with every job as the package `ftops_trainer` and runs as
`python -m ftops_trainer job.json`. [A trainer of your own](../how-to/bring-your-own-trainer.md) keeps the
same contract, in any language. The schemas: `ftops schema job`, `ftops schema trainer-event`.

## What a trainer does, in order

1. Read the job document, from the file that its one argument names or from standard input for `-`. Refuse
   a field or a value that it does not know.
2. Make the folder `output` where it is missing, and take an exclusive `flock` on the file `lock` in it for
   as long as it lives; a shared disk must carry such locks from node to node, as NFS does. If it cannot
   get the lock, it exits with 75, and says so only in its log: the folder's events belong to whoever holds
   the lock. A child that trains should inherit the lock.
3. Find `job.json` in the folder, or write the document there. A different document is refused with 65: a
   folder belongs to one job for ever, and a chain finds its base model there.
4. Find `result.json` in the folder: then the job is done. Report it again as a `result` event, and
   end with 0.
5. Look for each data file in the working directory and then in each folder of `PYTHONPATH`, or fetch its
   URL, and compare its SHA-256 with the document's.
6. Train: from the newest checkpoint in the folder, if an earlier start has left one.
7. Write `result.json` under another name, flush it to the disk and rename it: from then on the job is done.
   Report it as a `result` event, and end with 0.

On SIGTERM a trainer saves a checkpoint at the step it is at, says `cancelled`, and ends with 143 within the
provider's `stop_grace`. The reference trainer does so after the current step, and ends at once while it is
still loading. Killed in any other way it may leave anything except a `result.json`: the next start resumes.

## The job document
"""

_EVENTS_HEAD = """
## Events

Each is one line of the log, `FTOPS ` and a JSON object, at most 64 kB; the same object is a line of
`events.jsonl` in the output folder. Lines without the prefix are ordinary log. Ids count on across starts.
"""

_RESULT_HEAD = """
## The result

`result.json`, and `data` of the `result` event.
"""

_TAIL = """
## What the reference trainer does

- **Data.** Chat rows are written by the model's own chat template, `tools` included, and the assistant's
  messages are learned, except those with `weight: 0`. If a template later rewrites earlier turns (as
  reasoning models' templates do), each answer becomes a separate example. `developer` counts as
  `system`. Images, `functions` and `function_call` are refused. With `prompt` and `completion`, the
  completion and its end are learned. A row that cannot be trained is refused with its line number, before
  anything heavy is loaded.
- **Models.** `model` is a path, an id on the model hub, or `random:tiny`: a Llama of 108,000 random weights
  that reads bytes, the same on every node, kept in `.ftops-bases` beside the output folders. It learns from
  an adapter only with `modules_to_save: embed_tokens,lm_head`, since it knows no language before.
- **Results.** `adapter` holds the LoRA adapter and the tokenizer; with `lora: false` the whole model is in
  `model`. `adapter_config.json` names `base_model`, so that a server finds the base.
- **Chains.** `continue_from` takes the `adapter`, the `model` or a `checkpoint-N` of an earlier job; the base
  is found in the `job.json` beside it. An adapter keeps its rank, scale and modules while it is trained on:
  another one is refused. With `lora: false` it is merged first. DPO compares with what it started from.
- **Checkpoints** are whole only with the file `ftops-complete`; one that was cut short is removed.
- **Stops.** A stop during a validation waits for its end: give `stop_grace` that long.
- **The same weights.** The same document gives the same weights, byte for byte, on the same kind of CPU with
  the same versions of the libraries and the same number of threads, also when it was stopped or killed in
  between: that is tested. A GPU adds up in another order and does not promise it.
- **GPUs.** `bf16` is used where the device can. For several devices of a node set the entrypoint
  `exec torchrun --nproc_per_node N -m ftops_trainer job.json`, or `accelerate launch` with what accelerate
  offers beyond that: the first process holds the lock and says the events, and all save and stop together.
  Two processes on a CPU, and bfloat16 there, are tested; no GPU and no sharding is. A launcher has an exit
  code of its own: that a job was stopped, its `cancelled` event says.
- **Asking.** `python -m ftops_trainer.ask FOLDER QUESTION` prints the answer of what a job has left, with
  `--base` that of the base model before.
- **Libraries.** The extra `train` names them. A node that lacks one says which.
"""


def trainer_page() -> str:
    """Draw the contract: what goes in, what comes back, and how it ends."""
    job, event = schema(JOB), schema(EVENT)
    lines = [NOTICE.format(source="schemas/job.v1.json, schemas/trainer-event.v1.json"), _HEAD]
    lines += ["```json", json.dumps(job["examples"][0], indent=2), "```", ""]
    fields = {name: one for name, one in job["properties"].items() if name != "hyperparameters"}
    lines += [*_table(fields, job["required"]), ""]
    lines += ["Exactly one of `model` and `continue_from` is there. Fields in **bold** are required.", ""]
    lines += ["### Hyperparameters", "", *_table(job["properties"]["hyperparameters"]["properties"], ())]
    lines += [_EVENTS_HEAD, *_table(event["properties"], event["required"])]
    for type_ in ("metrics", "checkpoint", "error", "cancelled"):
        rules = event["definitions"][type_]
        lines += ["", f"`data` of `{type_}`:", "", *_table(rules["properties"], rules["required"])]
    result = event["definitions"]["result"]
    lines += [_RESULT_HEAD, *_table(result["properties"], result["required"])]
    lines += ["", "## Exit codes", "", "| code | meaning | codes of its `error` event |", "|---|---|---|"]
    lines += [f"| {code.value} | {words} | {_errors(code)} |" for code, words in _EXITS.items()]
    return "\n".join(lines) + "\n" + _TAIL


def _table(fields: Mapping[str, Schema], required: list[str] | tuple[str, ...]) -> Iterator[str]:
    yield "| field | value | default | meaning |"
    yield "|---|---|---|---|"
    for name, rules in fields.items():
        shown = f"**`{name}`**" if name in required else f"`{name}`"
        default = f"`{json.dumps(rules['default'])}`" if "default" in rules else ""
        only = f" Only with {', '.join(rules['methods'])}." if "methods" in rules else ""
        yield f"| {shown} | {type_words(rules)} | {default} | {rules['description']}{only} |"
        for inner, its in rules.get("properties", {}).items():
            yield f"| `{name}.{inner}` | {type_words(its)} |  | {its['description']} |"


def _errors(code: Exit) -> str:
    return ", ".join(f"`{error}`" for error, exit_ in ERRORS.items() if exit_ is code)
