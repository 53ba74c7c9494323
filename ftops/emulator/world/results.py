"""The result file of a job as CSV: the modern `step_metrics.csv`, the founding `compiled_results.csv`. Pure.

The founding columns are those that its guide and its clients name (training_loss, validation_loss,
classification/accuracy and so on); the modern ones are those of the published examples.
"""

from collections.abc import Callable

from ftops.emulator.world.history import metrics_of
from ftops.emulator.world.job import Family, Job
from ftops.emulator.world.training import Metrics, metric_steps

Figure = Callable[[Metrics], float | None]
TRAINING: dict[str, Figure] = {
    "train_loss": lambda metrics: metrics.train_loss,
    "train_accuracy": lambda metrics: metrics.train_accuracy,
}
VALIDATION: dict[str, Figure] = {
    "valid_loss": lambda metrics: metrics.valid_loss,
    "valid_mean_token_accuracy": lambda metrics: metrics.valid_accuracy,
}
LEGACY_TRAINING: dict[str, Figure] = {
    "training_loss": lambda metrics: metrics.train_loss,
    "training_sequence_accuracy": lambda metrics: metrics.train_accuracy**2,
    "training_token_accuracy": lambda metrics: metrics.train_accuracy,
}
LEGACY_VALIDATION: dict[str, Figure] = {
    "validation_loss": lambda metrics: metrics.valid_loss,
    "validation_sequence_accuracy": lambda metrics: (metrics.valid_accuracy or 0) ** 2,
    "validation_token_accuracy": lambda metrics: metrics.valid_accuracy,
}
BINARY = ("precision", "recall", "auroc", "auprc")


def result_csv(job: Job) -> bytes:
    """Return the content of the result file."""
    columns = _columns(job)
    rows = [_row(job, metrics_of(job, step), columns) for step in metric_steps(job.run)]
    return (_header(job, columns) + "".join(rows)).encode()


def result_size(job: Job) -> int:
    """Return the length of `result_csv` without computing a loss: every figure takes six characters."""
    columns = _columns(job)
    absent = len(VALIDATION) if job.family != Family.OPENAI_LEGACY and job.validation_file is None else 0
    figures = 7 * (len(columns) - absent) + absent
    steps = metric_steps(job.run)
    return len(_header(job, columns)) + sum(len(_counts(job, step)) + figures + 1 for step in steps)


def _columns(job: Job) -> dict[str, Figure]:
    if job.family != Family.OPENAI_LEGACY:
        return TRAINING | VALIDATION
    if job.validation_file is None:
        return LEGACY_TRAINING
    return LEGACY_TRAINING | LEGACY_VALIDATION | _classification(job)


def _classification(job: Job) -> dict[str, Figure]:
    """Return one column for each figure that the order's classification options ask for."""
    if not job.request.get("compute_classification_metrics"):
        return {}
    names = ["accuracy"]
    if job.request.get("classification_positive_class") is None:
        names.append("weighted_f1_score")
    else:
        betas = job.request.get("classification_betas") or []
        names += [*BINARY, *(f"f{beta:g}" for beta in betas)]
    return dict.fromkeys(
        (f"classification/{name}" for name in names), LEGACY_VALIDATION["validation_token_accuracy"]
    )


def _header(job: Job, columns: dict[str, Figure]) -> str:
    counts = (
        ["step"] if job.family != Family.OPENAI_LEGACY else ["step", "elapsed_tokens", "elapsed_examples"]
    )
    return ",".join([*counts, *columns]) + "\n"


def _row(job: Job, metrics: Metrics, columns: dict[str, Figure]) -> str:
    figures = [figure(metrics) for figure in columns.values()]
    cells = ["" if figure is None else f"{figure:.4f}" for figure in figures]
    return ",".join([_counts(job, metrics.step), *cells]) + "\n"


def _counts(job: Job, step: int) -> str:
    if job.family != Family.OPENAI_LEGACY:
        return str(step)
    run = job.run
    return f"{step},{run.trained_tokens * step // run.steps},{run.examples * run.epochs * step // run.steps}"
