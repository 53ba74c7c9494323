"""Cut a failing history down to the steps without which the law holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ftops.model.value import replace
from tests.simulator.history import History, Step
from tests.simulator.player import play

SMALLEST = (0, 1)
"""The numbers that say least: a step that fails with one of these is shown with it."""


def verdict(history: History) -> str | None:
    """Play, and give what went wrong."""
    try:
        play(history)
    except Exception as error:  # noqa: BLE001  # whatever breaks is the verdict
        return f"{type(error).__name__}: {error}"
    return None


def shrink(history: History, fails: Callable[[History], bool] | None = None) -> History:
    """Return the shortest history found that still fails: whole stretches first, then steps, then numbers."""
    judge = fails or (lambda one: verdict(one) is not None)
    history = replace(history, steps=_without_stretches(history, judge))
    if judge(freed := replace(history, lease_seconds=None)):
        history = freed
    if judge(roomy := replace(history, max_active=None)):
        history = roomy
    if judge(free := replace(history, per_day=None)):
        history = free
    return replace(history, steps=_smaller_numbers(history, judge))


def _without_stretches(history: History, judge: Callable[[History], bool]) -> tuple[Step, ...]:
    steps = history.steps
    length = max(1, len(steps) // 2)
    while True:
        start, shorter = 0, False
        while start < len(steps):
            rest = (*steps[:start], *steps[start + length :])
            if judge(replace(history, steps=rest)):
                steps, shorter = rest, True
            else:
                start += length
        if length == 1 and not shorter:
            return steps
        length = max(1, length // 2)


def _smaller_numbers(history: History, judge: Callable[[History], bool]) -> tuple[Step, ...]:
    steps = history.steps
    for place, step in enumerate(steps):
        for position, value in enumerate(step):
            if not isinstance(value, int):
                continue
            for smaller in (number for number in (*SMALLEST, value // 2) if number < value):
                changed: Step = (*step[:position], smaller, *step[position + 1 :])
                candidate: Sequence[Step] = (*steps[:place], changed, *steps[place + 1 :])
                if judge(replace(history, steps=tuple(candidate))):
                    steps = tuple(candidate)
                    break
            step = steps[place]  # noqa: PLW2901  # later positions build on the smaller step
    return steps
