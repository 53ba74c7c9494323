"""A removed fine-tune that may go on under a declared name whose data cannot be read now. Pure.

Who trains the same as a removed name takes its record over, and nothing is paid again. Without its data
this is unknown: until it can be read, neither a job is stopped nor a model forgotten that may be the heir's.
"""

from __future__ import annotations

from collections.abc import Mapping

from ftops.model.change import Action, Reason
from ftops.model.json_value import JSON, JSONObject
from ftops.model.state import State
from ftops.planner.decision import Decision
from ftops.planner.situation import Situation
from ftops.records.desired import DesiredSet
from ftops.records.renaming import jobless, worth_taking_over

_UNREAD_FIELDS = ("training_file", "validation_file")


def gate_on_heir(situation: Situation, decision: Decision, state: State, desired: DesiredSet) -> Decision:
    """Hold the removal of what a declared name may take over once its data can be read.

    What a person has cancelled is stopped anyway.
    """
    ends = situation.fine_tune is None and decision.action in (Action.CANCEL, Action.FORGET)
    ends = ends and decision.reason is not Reason.CANCELLED_BY_HAND
    heir = _heir(situation, state, desired) if ends and desired.unread else None
    if heir is None:
        return decision
    what = f"job {decision.job_id} is left alone" if decision.job_id else "nothing is forgotten"
    message = f"removed, but {heir}, whose data cannot be read, may be its new name; {what} until it can"
    return Decision(Action.HOLD, Reason.INVALID_DATA, message, decision.job_id)


def _heir(situation: Situation, state: State, desired: DesiredSet) -> str | None:
    record = situation.record
    if record is None or not (worth_taking_over(record) or record.cancelled_by_hand):
        return None
    for name in sorted(desired.unread):
        declared = desired.spec(name)
        # The record of a job that was found by its mark knows nothing of what it trains.
        alike = not record.spec or _readable(record.spec) == _readable(declared)
        if alike and jobless(state, name):
            return name
    return None


def _readable(spec: JSONObject) -> Mapping[str, JSON]:
    """Return what of a spec is known without reading data: a chain's base is known by its upstream's data."""
    known = {field: value for field, value in spec.items() if field not in _UNREAD_FIELDS}
    model = known.get("model")
    if isinstance(model, Mapping):
        known["model"] = {field: value for field, value in model.items() if field != "fingerprint"}
    return known
