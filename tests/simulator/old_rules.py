"""Rules that once held, each in the world where it paid twice or forgot: the simulator must catch them.

Not here: a provider that is not remembered as unmarked. A person is asked each time, and nothing is paid.
"""

from __future__ import annotations

from typing import Any

import pytest

from ftops.applier import applier, creates
from ftops.model.fingerprint import canonical_json
from ftops.model.value import replace
from ftops.planner import planner
from ftops.planner.situation import Situation
from ftops.reconciler import observing
from ftops.records import intents, ledger, likeness, settling
from ftops.records.matching import LiveJobs
from tests.simulator.bends import WORLDS
from tests.simulator.broken import Broken
from tests.simulator.history import Step


def _marks_believed_everywhere(patch: pytest.MonkeyPatch) -> None:
    """Look for marks alone where the format has room for them: a job without one is nobody's."""
    plausible = LiveJobs.plausible

    def with_marks(self: LiveJobs, provider: str, known: Any) -> Any:
        stamps = self.observations[provider].provider.capabilities.stamps
        return [] if stamps else plausible(self, provider, known)

    patch.setattr(LiveJobs, "plausible", with_marks)


def _values_compared_by_their_bytes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(likeness, "same_value", lambda one, other: canonical_json(one) == canonical_json(other))
    patch.setattr(likeness, "same_model", lambda one, other: one == other)
    patch.setattr(likeness.Likeness, "plausible", property(lambda self: not self.differing))


def _a_list_item_judged_as_it_stands(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LiveJobs, "thin", lambda self: frozenset())


def _one_list_is_enough(patch: pytest.MonkeyPatch) -> None:
    resolve = intents.resolve_intent

    def at_once(intent: Any, live: Any, state: Any, now: float, **how: Any) -> Any:
        verdict = resolve(intent, live, state, now, **how)
        noted = intents.absent(intent, live, verdict) if isinstance(verdict, tuple) else None
        late = noted is not None and noted.absent_since is not None
        return replace(intent, lapsed=True) if late else verdict

    patch.setattr(settling, "resolve_intent", at_once)


def _every_reply_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(applier, "doubt_about", lambda *arguments, **how: None)


def _only_marks_looked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(planner, "gate_on_claimed", lambda name, lookalikes: None)
    patch.setattr(creates, "_unclaimed", lambda *arguments: ())


def _second_jobs_not_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(planner, "lookalike_strays", lambda *arguments: iter(()))


def _orphans_not_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(planner, "orphans", lambda *arguments: iter(()))


def _altered_not_held(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(intents, "alterations", lambda known, job: ())


def _renames_taken_at_their_word(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settling, "take_over_removed", lambda state, desired: (state, {}))


def _requests_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "newest", lambda requests: ())


def _sent_again_in_any_session(patch: pytest.MonkeyPatch) -> None:
    """Send again what is in doubt, also where an engine that forgot may still train it."""
    patch.setattr(settling, "judged_again", lambda name, intent, session, wanted: intent)
    patch.setattr(settling, "repeatable", lambda name, intent, session, wanted: wanted == intent.fingerprint)


def _sent_again_under_another_id(patch: pytest.MonkeyPatch) -> None:
    """Take every create in doubt for one that never arrived, whatever it is called by now."""
    patch.setattr(settling, "judged_again", lambda name, intent, session, wanted: intent)
    patch.setattr(
        settling, "repeatable", lambda name, intent, session, wanted: session == intent.repeats_in is not None
    )


def _a_success_believed_unseen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(observing, "with_outcome", lambda port, job: job)


def _forgotten_taken_for_gone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Situation, "vanished", property(lambda self: self.missing))


TWICE: tuple[Step, ...] = (("fault", "create", "repeated"), ("run",), ("declare",))
LOST: tuple[Step, ...] = (("fault", "create", "lost reply"), ("run",), ("time", 2000), ("declare",))
STATE_LOST: tuple[Step, ...] = (("run",), ("lose",), ("declare",), ("time", 100))
BROUGHT_BACK: tuple[Step, ...] = (("run",), ("restore", 2), ("declare",), ("remove",), ("time", 100))
JUMPS: tuple[Step, ...] = (("fault", "create", "late"), ("run",), ("jump", 5000), ("declare",))
OTHERS: tuple[Step, ...] = (("fault", "create", "another's reply"), ("run",), ("stranger",), ("declare",))
ALTERED: tuple[Step, ...] = (("fault", "create", "altered"), ("run",), ("declare",))
QUIET: tuple[Step, ...] = (("quiet rename",), ("run",), ("declare",))
REFUSED: tuple[Step, ...] = (("fault", "create", "resent, refused"), ("run",), ("declare",), ("remove",))
FORGETS: tuple[Step, ...] = (
    ("fault", "create", "lost reply"),
    ("crash",),
    ("forget",),
    ("run",),
    ("set",),
    ("declare",),
)
RENAMED: tuple[Step, ...] = (("fault", "create", "late"), ("run",), ("rename",), ("declare",), ("time", 100))
ENDS: tuple[Step, ...] = (("run",), ("finish", "succeeded", 0), ("declare",))

_OPENAI = "openai"
OLD_RULES = (
    *(
        Broken(f"marks believed everywhere, {world}", _marks_believed_everywhere, _OPENAI, LOST, world)
        for world in WORLDS
        if world.startswith("marks")
    ),
    Broken("bytes compared", _values_compared_by_their_bytes, "openai_legacy", LOST, "odd echoes"),
    Broken("a list item judged as it stands", _a_list_item_judged_as_it_stands, _OPENAI, LOST, "thin lists"),
    Broken("one list is enough", _one_list_is_enough, _OPENAI, JUMPS),
    Broken("every reply believed", _every_reply_believed, _OPENAI, OTHERS),
    Broken("only marks looked for", _only_marks_looked_for, _OPENAI, STATE_LOST, "marks dropped"),
    Broken("second jobs not shown", _second_jobs_not_shown, _OPENAI, TWICE, "marks dropped"),
    Broken("refused requests forgotten", _requests_forgotten, _OPENAI, REFUSED, "marks dropped"),
    Broken("orphans not shown", _orphans_not_shown, _OPENAI, BROUGHT_BACK),
    Broken("altered not held", _altered_not_held, _OPENAI, ALTERED),
    Broken("renames taken at their word", _renames_taken_at_their_word, _OPENAI, QUIET),
    Broken("sent again in any session", _sent_again_in_any_session, _OPENAI, FORGETS, "engine"),
    Broken("sent again under another id", _sent_again_under_another_id, _OPENAI, RENAMED, "engine"),
    Broken("a success believed unseen", _a_success_believed_unseen, _OPENAI, ENDS, "engine"),
    Broken("what an engine forgot taken for gone", _forgotten_taken_for_gone, _OPENAI, FORGETS, "engine"),
)
