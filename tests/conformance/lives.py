"""What ftops must get right at a real server, whether it keeps marks or not; each check has a server anew."""

from __future__ import annotations

import re

from tests.conformance.servers import ALTERED, CUT, CUT_AND_REMOVED, LIFE, MARKS
from tests.conformance.stage import Check, Stage

NEEDS_PERSON = 4
SENT_EPOCHS = 7
UNMARKED = r"\bunmarked\b|not return (the|its|our) mark"
"""What is said of a provider that gives no mark back."""


def whole_life(stage: Stage) -> None:
    """Create, wait, outputs, change, remove: as many jobs as generations, and each is recorded."""
    stage.declare("pears")
    assert stage.ftops("apply", "--yes")[0] == 0
    assert stage.plan() == {"pears": "keep in-progress"}
    stage.train()
    assert stage.ftops("apply", "--yes", "--wait", "--timeout", "90s")[0] == 0
    (first,) = stage.jobs()
    assert first["status"] == "succeeded", first
    code, said = stage.ftops("outputs", "pears")
    assert code == 0
    assert first["fine_tuned_model"] in said
    stage.declare("pears", seed=7)
    assert stage.ftops("apply", "--yes")[0] == 0
    assert stage.plan() == {"pears": "keep in-progress"}
    assert [job["seed"] for job in stage.jobs() if job["id"] != first["id"]] == [7], stage.jobs()
    assert stage.unseen() == []
    stage.remove("pears")
    assert stage.ftops("apply", "--yes", "--allow-empty")[0] == 0
    assert stage.active() == [], "removed, and still running"
    assert stage.settle() == {}
    assert len(stage.jobs()) == 2, "two generations"


def cut_reply(stage: Stage) -> None:
    """The reply of the first create is lost: as many jobs as fine-tunes, and each is recorded."""
    _cut_creates(stage)
    planned = stage.settle()
    assert all(words.startswith("keep") for words in planned.values()), planned
    assert sorted(planned) == ["pears", "plums"], planned
    _none_twice(stage)


def cut_reply_and_removed(stage: Stage) -> None:
    """... and its manifest is removed before anybody knew: the job is found all the same."""
    _cut_creates(stage)
    for name in ("pears", "plums"):
        stage.remove(name)
    stage.settle()
    _none_twice(stage)


def lost_marks_are_said(stage: Stage) -> None:
    """A server that gives no mark back is said to be unmarked by apply, plan and doctor; another never is."""
    stage.declare("pears")
    texts = [stage.ftops(*words)[1] for words in (("apply", "--yes"), ("plan",), ("doctor",))]
    kept = [bool((job.get("metadata") or {}).get("ftops_nonce")) for job in stage.jobs()]
    assert kept == [stage.server.keeps_marks], "the server has changed: see tests/conformance/servers.py"
    told = [bool(re.search(UNMARKED, text)) for text in texts]
    assert told == [not stage.server.keeps_marks] * 3, f"said by apply, plan, doctor: {told}"


def altered_is_said(stage: Stage) -> None:
    """What trains with other settings than were sent is held, with both values; what does not never is."""
    stage.declare("pears", hyperparameters={"n_epochs": SENT_EPOCHS})
    stage.ftops("apply", "--yes")
    code, said = stage.ftops("plan", "--detailed-exitcode")
    (job,) = stage.jobs()
    trained = (job.get("method") or {}).get("supervised") or job
    epochs = trained["hyperparameters"]["n_epochs"]
    if epochs == SENT_EPOCHS:
        assert stage.plan() == {"pears": "keep in-progress"}
        return
    assert code == NEEDS_PERSON, said
    assert re.search(rf"n_epochs\D{{0,40}}\b{SENT_EPOCHS}\b\D{{0,40}}\b{epochs}\b", said), said
    assert stage.unseen() == []


def _cut_creates(stage: Stage) -> None:
    stage.wire.armed = True
    for name in ("pears", "plums"):
        stage.declare(name)
    stage.ftops("apply", "--yes")
    assert not stage.wire.armed, "nothing was cut"


def _none_twice(stage: Stage) -> None:
    paid = [job["training_file"] for job in stage.jobs()]
    assert len(paid) == len(set(paid)) == 2, f"{len(paid)} paid jobs for 2 fine-tunes: {stage.jobs()}"
    assert stage.unseen() == [], "paid, running, and said nowhere"


CHECKS: dict[str, Check] = {
    LIFE: whole_life,
    CUT: cut_reply,
    CUT_AND_REMOVED: cut_reply_and_removed,
    MARKS: lost_marks_are_said,
    ALTERED: altered_is_said,
}
"""What must hold, by row."""
