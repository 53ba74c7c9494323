"""Which pages are generated, each by which function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks.page import performance_page
from docs.generator.action import action_page
from docs.generator.architecture import architecture_page
from docs.generator.commands import walk
from docs.generator.decision_table import decision_table_page
from docs.generator.equivalents import equivalents_page
from docs.generator.manual import man_page
from docs.generator.metrics import metrics_page
from docs.generator.policies import policies_page
from docs.generator.prices import prices_page
from docs.generator.providers import FOLDER, matrix_page, our_offers, provider_page
from docs.generator.readme import readme_page
from docs.generator.reference import commands_page, exit_codes_page, state_backends_page
from docs.generator.schemas import schema_page
from docs.generator.trainer import trainer_page
from docs.generator.training_data import training_data_page

REPOSITORY = Path(__file__).resolve().parents[2]

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/commands.md": commands_page,
    "docs/explanation/architecture.md": architecture_page,
    "docs/explanation/performance.md": performance_page,
    "docs/reference/exit-codes.md": exit_codes_page,
    "docs/reference/decision-table.md": decision_table_page,
    "README.md": readme_page,
    f"{FOLDER}/README.md": matrix_page,
    "docs/reference/prices.md": prices_page,
    "docs/reference/equivalents.md": equivalents_page,
    "docs/reference/github-action.md": action_page,
    "docs/reference/state-backends.md": state_backends_page,
    "docs/reference/training-data.md": training_data_page,
    "docs/reference/metrics.md": metrics_page,
    "docs/reference/policies.md": policies_page,
    "docs/reference/trainer.md": trainer_page,
    "docs/reference/manifest.md": lambda: schema_page("finetune", "The manifest"),
    "docs/reference/project-file.md": lambda: schema_page("project", "The project file"),
    **{f"{FOLDER}/{one.name}.md": partial(provider_page, one) for one in our_offers()},
}
"""Path in the repository -> what draws it."""


def man_pages() -> dict[str, str]:
    """Draw a man page for each command, by path in the repository."""
    return {f"docs/man/{command.page}.1": man_page(command) for command in walk()}
