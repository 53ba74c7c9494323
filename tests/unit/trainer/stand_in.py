"""A program that obeys the flags of `trl sft` and trains nothing: three steps, with a checkpoint of each."""

import json
import os
import sys
from pathlib import Path

told = dict(zip(sys.argv[2::2], sys.argv[3::2], strict=True))
output = Path(told["--output_dir"])
resumed = told.get("--resume_from_checkpoint", "checkpoint-0")
rows = (Path(told["--dataset_name"]) / "train.jsonl").read_text().splitlines()
with (output.parent / "commands").open("a") as commands:
    commands.write(json.dumps(sys.argv[1:]) + "\n")
history = [{"step": step, "loss": str(1 / step)} for step in (1, 2, 3)]
for step in range(int(resumed.rpartition("-")[2]) + 1, 4):
    checkpoint = output / f"checkpoint-{step}"
    checkpoint.mkdir(exist_ok=True)
    state = {"global_step": step, "max_steps": 3, "log_history": history[:step]}
    (checkpoint / "trainer_state.json").write_text(json.dumps(state))
    sys.stdout.write(f"{len(rows)} rows, step {step}\n")
    sys.stdout.flush()
    if os.environ.get("STAND_IN") == f"waits at {step}":
        sys.stdin.readline()
    if os.environ.get("STAND_IN") == f"fails at {step}":
        sys.exit(3)
(output / "adapter_model.safetensors").write_text("weights")
(output / "adapter_config.json").write_text(
    json.dumps({"base_model_name_or_path": told["--model_name_or_path"]})
)
