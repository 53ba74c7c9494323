"""The changes of a plan as rows: what follows from another stands under it, each with its cause."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import UNSET

from ftops.model.change import Action, Change, FieldDifference, Reason
from ftops.model.json_value import JSON
from ftops.report.data_words import what_changed
from ftops.report.summary import Row, Setting, Settings, Word
from ftops.report.words import counted, cut, printable
from ftops.review.retirement import trains

MOST_OF_A_CLAUSE = 60
"""Columns of a cause."""

_ORDER = tuple(Word)
_HYPERPARAMETERS = "hyperparameters."
_BASE = "model.fingerprint"
_DIGEST = ".sha256"
_AUTO = "auto"
_UNSET = "(none)"


def rows_of(changes: Iterable[Change], *, offline: bool) -> tuple[Row, ...]:
    """Return a row for each change but the keeps: the gravest first, each followed by what starts from it."""
    shown = [change for change in changes if change.action is not Action.KEEP]
    ordered = sorted(shown, key=lambda change: _ORDER.index(word_of(change, offline=offline)))
    trained = {change.name for change in shown if trains(change)}
    below: dict[str, list[Change]] = {}
    roots = []
    for change in ordered:
        upstream = next((name for name in change.depends_on if name in trained), None)
        if upstream is not None and upstream != change.name and trains(change):
            below.setdefault(upstream, []).append(change)
        else:
            roots.append(change)
    # A document that somebody made by hand may go in a circle: what no root leads to stands by itself.
    return tuple(_row(change, depth, offline=offline) for change, depth in _walk([*roots, *ordered], below))


def _walk(starts: Sequence[Change], below: Mapping[str, list[Change]]) -> Iterator[tuple[Change, int]]:
    """Yield each change once, with its depth. A stack: a chain may be longer than Python's is deep."""
    seen: set[int] = set()
    for start in starts:
        waiting = [(start, 0)]
        while waiting:
            change, depth = waiting.pop()
            if id(change) in seen:
                continue
            seen.add(id(change))
            yield change, depth
            if trains(change):
                waiting += [(follower, depth + 1) for follower in reversed(below.get(change.name, ()))]


def word_of(change: Change, *, offline: bool) -> Word:
    """Return the word for an action; nobody knows without keys whether a training replaces a running job."""
    if change.action is Action.WAIT:
        return Word.LATER if change.then is not None else Word.WAIT
    if offline and change.action.creates:
        return Word.TRAIN
    return Word(change.action.value)


def idle_words(words: Sequence[Word]) -> list[str]:
    """Say how many of these no apply does anything about."""
    held, waiting = words.count(Word.HOLD), words.count(Word.WAIT)
    said = [f"{held} {'is' if held == 1 else 'are'} held"] if held else []
    return [*said, f"{waiting} {'waits' if waiting == 1 else 'wait'}"] if waiting else said


def _row(change: Change, depth: int, *, offline: bool) -> Row:
    training = change.then or change
    pays = trains(change)
    return Row(
        word=word_of(change, offline=offline),
        name=change.name,
        why=cause(change),
        message=change.message,
        depth=depth,
        pays=pays,
        cost=training.estimated_cost if pays else None,
        provider=change.provider,
        trains=_trains(change) if pays else "",
        source=change.source,
        stops=change.stops,
        stopped=None if change.stopped is UNSET else change.stopped,
        problems=change.problems,
        extras=change.extras if pays else {},
    )


def cause(change: Change) -> str:
    """Say in one clause why: the difference itself where it is one, else how many settings and rows."""
    if change.action is Action.HOLD:
        return change.message
    if change.action is Action.FORGET and change.reason is Reason.REMOVED and change.serves is not UNSET:
        return "removed; its model stays at the provider"
    parts = [*_data_parts(change), *_setting_parts(change)] if trains(change) else []
    if _base_changes(change) or (not parts and change.reason is Reason.WAITING_FOR):
        parts = [f"starts from the new {', '.join(change.depends_on)}", *parts]
    # A freeze says why it is not now, not why it is.
    wanted = change.then if change.then is not None and change.reason is Reason.FREEZE else change
    if not parts and trains(change) and wanted.reason is Reason.NEW:
        parts = [f"new, from {_model(change)}"]
    return cut(printable("; ".join(parts) or wanted.message), MOST_OF_A_CLAUSE)


def _base_changes(change: Change) -> bool:
    return bool(change.depends_on) and any(one.path == _BASE for one in change.differences)


def _data_parts(change: Change) -> Iterator[str]:
    for one in change.differences:
        if one.rows is not UNSET:
            rows = one.rows
            role = one.path.split("_", 1)[0]
            few = rows.changed and not (rows.added or rows.removed or rows.moved)
            yield f"{rows.changed:,} of {rows.after:,} {role} rows" if few else f"{role} {what_changed(rows)}"
        elif one.path.endswith(_DIGEST):
            yield f"other {one.path.split('_', 1)[0]} data"


def _setting_parts(change: Change) -> Iterator[str]:
    differences = settings_of_change(change)
    if len(differences) == 1:
        (one,) = differences
        yield f"{one.path}: {one.before} \u2192 {one.after}"
    elif differences:
        yield counted(len(differences), "setting")


def settings_of_change(change: Change) -> tuple[Setting, ...]:
    """Return the settings that differ: not data, whose rows are compared, nor what it starts from."""
    return tuple(_setting(one) for one in change.differences if _is_setting(one))


def _is_setting(one: FieldDifference) -> bool:
    return one.rows is UNSET and one.path != _BASE and not one.path.endswith(_DIGEST)


def _setting(one: FieldDifference) -> Setting:
    known = one.path.startswith(_HYPERPARAMETERS)
    unset = _AUTO if known else _UNSET
    path = one.path.removeprefix(_HYPERPARAMETERS) if known else one.path
    return Setting(path, _written(one.before, unset), _written(one.after, unset))


def _written(value: JSON, unset: str) -> str:
    if value is None:
        return unset
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def settings_alike(changes: Iterable[Change]) -> tuple[Settings, ...]:
    """Group what trains by the settings in which it differs: alike differences are shown once."""
    groups: dict[tuple[Setting, ...], list[Change]] = {}
    for change in changes:
        differences = settings_of_change(change)
        if differences and trains(change):
            groups.setdefault(differences, []).append(change)
    return tuple(
        Settings(
            tuple(one.name for one in alike),
            differences,
            {one.name: one.source for one in alike if one.source},
        )
        for differences, alike in groups.items()
    )


def _model(change: Change) -> str:
    model = change.spec.get("model")
    return model if isinstance(model, str) else ", ".join(change.depends_on) or "its base model"


def _trains(change: Change) -> str:
    """Say how much is trained on what: `3 epochs of 480 rows, data/refunds.jsonl`."""
    given = change.spec.get("hyperparameters")
    epochs = given.get("n_epochs") if isinstance(given, Mapping) else None
    uses = change.then.data if change.then else change.data
    files = [use for use in uses if use.role == "training"]
    rows = [use.examples for use in files if use.examples is not None]
    many = f"{counted(int(epochs), 'epoch')} of " if isinstance(epochs, int | float) else ""
    told = f"{many}{sum(rows):,} rows" if rows and len(rows) == len(files) else ""
    names = ", ".join(use.url or use.path or use.file_id or "" for use in files)
    return ", ".join(part for part in (told, names) if part)
