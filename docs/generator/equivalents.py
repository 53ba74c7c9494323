"""The page of what stands for what between providers, drawn from the tables that `ftops convert` uses."""

from __future__ import annotations

from collections.abc import Iterator

from docs.generator.reference import NOTICE
from ftops.manifests.conversion import Wish, converted
from ftops.manifests.equivalents import NOT_THE_SAME, OF_THE_MODEL, SAME_KNOB
from ftops.manifests.loader import parse_yaml
from ftops.manifests.model_equivalents import CLOSEST, SAME_WEIGHTS
from ftops.model.observation import ProviderFacts
from ftops.providers.registry import OURS, dialects

_QUICKSTART = """\
apiVersion: ftops/v1
kind: FineTune
metadata: {name: workshop-answers}
spec:
  model: gpt-4o-mini
  training_file: {path: ../data/workshop.jsonl}
  hyperparameters: {n_epochs: 3, batch_size: 8, learning_rate_multiplier: 0.5}
  suffix: workshop-of-the-house-in-spring
  seed: 7
"""


def equivalents_page() -> str:
    """Draw the tables, and one fine-tune for every dialect."""
    dialect_names = sorted({name for row in SAME_WEIGHTS for name in row})
    lines = [
        NOTICE.format(source="ftops/manifests/equivalents.py, ftops/manifests/model_equivalents.py"),
        "# Equivalents between providers",
        "",
        "What `ftops convert` knows. A field is carried under the first of its names that the target takes;",
        "what has none there is left out and named.",
        "[Leave OpenAI](../how-to/leave-openai.md) shows it at work.",
        "",
        "## Names of one knob",
        "",
        *(f"- {', '.join(f'`{name}`' for name in names)}" for names in SAME_KNOB),
        "",
        "## Not the same",
        "",
        "| field | why it is left out |",
        "|---|---|",
        *(f"| `{name}` | {why} |" for name, why in NOT_THE_SAME.items()),
        *(f"| `{name}`, with another model | {why} |" for name, why in OF_THE_MODEL.items()),
        "",
        "## The same base model",
        "",
        f"| {' | '.join(f'`{name}`' for name in dialect_names)} |",
        f"|{'---|' * len(dialect_names)}",
        *(f"| {' | '.join(row.get(name, '') for name in dialect_names)} |" for row in SAME_WEIGHTS),
        "",
        "## Another one, where the same cannot be had",
        "",
        "| for | at | stands | remark | can be tuned there, says |",
        "|---|---|---|---|---|",
        *(
            f"| {', '.join(one.models)} | `{one.dialect}` | {one.model} | {one.remark} | {one.source} |"
            for one in CLOSEST
        ),
        "",
        "Whatever is in no table is not guessed: the result has no model, does not pass `ftops validate`,",
        "and says so. `--model` names one.",
        "",
        "## One fine-tune for every dialect",
        "",
        "This one, at a provider of the dialect `openai`:",
        "",
        "```yaml",
        _QUICKSTART.rstrip(),
        "```",
        "",
        "| for | what changes | what is left out, and why | what a person has to do |",
        "|---|---|---|---|",
        *map(_row, sorted(OURS)),
    ]
    return "\n".join(lines) + "\n"


def _row(target: str) -> str:
    (document,) = parse_yaml(_QUICKSTART.encode(), "quickstart").documents
    source = ProviderFacts("oa", "openai", dialects()["openai"].capabilities)
    to = ProviderFacts("there", target, dialects()[target].capabilities)
    made = converted(document.value, source, to, Wish("workshop-answers-there"))
    cells = (_cell(made.changed), _cell(made.left_out), _cell(made.missing))
    return f"| `{target}` | {' | '.join(cells)} |"


def _cell(told: tuple[str, ...]) -> str:
    return "<br>".join(_escaped(told)) or "-"


def _escaped(told: tuple[str, ...]) -> Iterator[str]:
    return (line.replace("|", "\\|").replace("<", "&lt;") for line in told)
