"""Plans and outcomes as text for a terminal. `cli` brings the colour."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from ftops.model.change import Action
from ftops.model.event import ChangeResult, Event, Outcome
from ftops.model.plan import Plan
from ftops.model.review import Review
from ftops.model.value import replace
from ftops.records.serving import Output
from ftops.report.layout import NARROWEST, USUAL, columns, wrapped
from ftops.report.plan_facts import fact_block, remark_blocks, review_blocks
from ftops.report.plan_rows import Paper, change_blocks, pending_block
from ftops.report.summarizing import summarized
from ftops.report.words import Styler, counted, plain, printable, summary_lines


def render_plan(plan: Plan, review: Review, *, width: int = USUAL, style: Styler = plain) -> str:
    """Draw a plan: each change and what follows from it, then what must not be missed; keeps are counted."""
    paper = Paper(max(width, NARROWEST), style)
    # Ten thousand keeps are only counted: nothing is drawn of them.
    changes = tuple(change for change in plan.changes if change.action is not Action.KEEP)
    summary = summarized(replace(plan, changes=changes), review)
    blocks = [*change_blocks(summary, paper), *pending_block(summary, paper)]
    if not blocks:
        kept = counted(plan.summary["keep"], "fine-tune is", "fine-tunes are")
        blocks = [f"No changes: {kept} as declared."]
    blocks += remark_blocks(summary, plan, paper)
    blocks += fact_block(summary, paper)
    blocks += review_blocks(summary, review, paper)
    # Scripts read the last lines; only a terminal that is narrower than a pipe's default gets them wrapped.
    last = summary_lines(plan)
    if paper.width < USUAL:
        last = tuple(part for line in last for part in wrapped(line, paper.width, ""))
    blocks.append("\n".join(style(line, "bold") for line in last))
    return "\n\n".join(blocks) + "\n"


def render_results(results: Sequence[ChangeResult], style: Styler = plain) -> str:
    """Sum up what an apply did."""
    counts = [f"{sum(1 for one in results if one.outcome is kind)} {kind.value}" for kind in Outcome]
    return style(f"Applied: {', '.join(counts)}.", "bold") + "\n"


def render_event(event: Event) -> str:
    """Draw one line of progress: what the provider says in it cannot steer a terminal."""
    return f"  {printable(event.message)}"


def render_outputs(outputs: Sequence[Output]) -> str:
    """Draw the models that serve. Never cut: a model's name is there to be copied."""
    if not outputs:
        return "No model is ready yet.\n"
    return columns([(one.name, one.model, "current" if one.current else "not current") for one in outputs])


def render_environment(outputs: Sequence[Output]) -> str:
    """Write NAME_MODEL=ID and NAME_CURRENT=true or false, in lines that a shell may source."""
    lines = []
    for one in outputs:
        name = _variable(one.name)
        lines += [
            f"{name}_MODEL={shlex.quote(printable(one.model))}",
            f"{name}_CURRENT={str(one.current).lower()}",
        ]
    return "".join(f"{line}\n" for line in lines)


def _variable(name: str) -> str:
    """Name a shell variable after a fine-tune; none may begin with a digit, where a name may."""
    plain = re.sub("[^A-Z0-9_]", "_", name.upper())
    return f"_{plain}" if plain[:1].isdigit() else plain
