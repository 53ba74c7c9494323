"""Every scenario by its name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.scenarios.applies import apply
from benchmarks.scenarios.bench import Scenario
from benchmarks.scenarios.data import data
from benchmarks.scenarios.looks import looks
from benchmarks.scenarios.plans import plan
from benchmarks.scenarios.start import start, validate
from benchmarks.scenarios.states import state

SCENARIOS: Mapping[str, Scenario] = {
    "start": start,
    "validate": validate,
    "plan": plan,
    "looks": looks,
    "apply": apply,
    "state": state,
    "data": data,
}
