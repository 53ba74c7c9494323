"""What holds whatever goes wrong, in whatever order: no blind create, nobody else's touched, one left."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from ftops.errors import ForgeError
from ftops.forge.port import Clock
from ftops.forge.settling import settle
from ftops.forge.sticky import Behavior
from tests.forge.memory import FAULTS, MemoryForge

MARKER = "<!-- ftops:plan project=a -->"
CLOCK = Clock(lambda: 0.0, lambda seconds: None)
OTHERS = [
    ("ana", f"{MARKER}\nmine"),
    (None, f"{MARKER}\nof a deleted account"),
    ("me", "<!-- ftops:plan project=a-2 -->\nanother project"),
    ("me", f"> {MARKER}"),
]
runs = st.lists(
    st.tuples(st.lists(st.sampled_from(FAULTS), max_size=12), st.sampled_from([*Behavior])), max_size=5
)


def commented(forge: MemoryForge, text: str, behavior: Behavior = Behavior.UPDATE) -> None:
    settle(forge, 7, lambda _: f"{MARKER}\n{text}", behavior, CLOCK)


def own(forge: MemoryForge) -> list[str]:
    return [one.body for one in forge.ours if one.first_line == MARKER]


@given(runs)
def test_a_run_in_which_all_goes_well_leaves_one_comment_and_touches_no_other(
    history: list[tuple[list[str], Behavior]],
) -> None:
    forge = MemoryForge()
    others = [forge.put(author, body) for author, body in OTHERS]
    for number, (faults, behavior) in enumerate(history):
        forge.faults = list(faults)
        with suppress(ForgeError):
            commented(forge, str(number), behavior)
    forge.faults = []
    commented(forge, "the last")
    assert own(forge) == [f"{MARKER}\nthe last"]
    assert [one for one in others if one in forge.comments_of] == others


@given(st.lists(st.sampled_from(FAULTS), max_size=16), st.sampled_from([*Behavior]), st.integers(0, 2))
def test_a_create_follows_a_list_that_was_read_and_makes_one_at_most(
    faults: list[str], behavior: Behavior, before: int
) -> None:
    """Of a text that is too long nothing was made: it may be sent again, shorter."""
    forge = MemoryForge(faults=list(faults))
    for _ in range(before):
        forge.put("me", f"{MARKER}\nold")
    with suppress(ForgeError):
        commented(forge, "text", behavior)
    previous = ["", *forge.asked]
    creates = [at for at, call in enumerate(forge.asked) if call == "create"]
    assert all(previous[at] in ("listed", "too long") for at in creates)
    assert len([one for one in own(forge) if one.endswith("text")]) <= 1
    if behavior is Behavior.REFRESH:
        assert creates == []


@given(st.lists(st.sampled_from([one for one in FAULTS if one != "vanish"]), max_size=16), st.integers(1, 4))
def test_there_is_never_a_moment_without_a_comment(faults: list[str], before: int) -> None:
    forge = MemoryForge(faults=list(faults))
    for _ in range(before):
        forge.put("me", f"{MARKER}\nold")
    with suppress(ForgeError):
        commented(forge, "text")
    assert forge.fewest is None or forge.fewest >= 1
    assert own(forge)
