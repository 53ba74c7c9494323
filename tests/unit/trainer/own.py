"""A trainer of a user's own, run by the tests on a node: it trains what the job's suffix says."""

import os
import sys
from pathlib import Path

from ftops_trainer import Outcome, Refused, Run, Stopped, main  # type: ignore[import-not-found] # on nodes alone


def train(run: Run) -> Outcome:
    with (run.output.folder / "starts").open("a") as starts:
        starts.write("started\n")
    what = run.job.suffix or "well"
    if what == "waits":
        # Told by its event that it is there, whoever started it decides when it goes on.
        run.message("waiting")
        sys.stdin.readline()
    elif what == "stops":
        run.stop.training()
        run.metrics(7, 10, train_loss=0.5)
        sys.stdin.readline()
        if run.stop.requested:
            checkpoint = run.output.folder / "checkpoint-7"
            checkpoint.mkdir()
            run.checkpoint(7, checkpoint)
            raise Stopped(7, str(checkpoint))
    elif what == "memory":
        raise MemoryError("Unable to allocate 5 TiB")
    elif what == "full":
        raise OSError(28, os.strerror(28), "checkpoint-1")
    elif what == "full-too":
        raise RuntimeError("PytorchStreamWriter failed writing file data/3: file write failed")
    elif what == "breaks":
        raise ZeroDivisionError("a step of nothing")
    elif what == "refuses":
        raise Refused("model_missing", "there is no model", "bring one")
    elif what == "exotic":
        run.message("one\ntwo \u2028 three", text="x" * 100_000, step=3)
        run.metrics(1, 2, train_loss=float("nan"))
    model = run.output.folder / "adapter"
    model.mkdir(exist_ok=True)
    (model / "read").write_bytes(Path(run.training_file).read_bytes())
    return Outcome(model, str(run.job.base_model), steps=10, train_loss=0.25)


if __name__ == "__main__":
    sys.exit(main(train))
