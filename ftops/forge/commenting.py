"""One comment on the right pull request, and none for a plan that a newer commit has overtaken."""

from __future__ import annotations

from msgspec import Struct

from ftops.errors import ForgeError, NeedsPerson
from ftops.forge.port import Clock, Forge, Gone, PullRequest, Refusal, Wanted
from ftops.forge.settling import Draft, Settled, settle
from ftops.forge.sticky import Behavior


class Commented(Struct, frozen=True):
    """What was done. `number` is None where there is no pull request, and then `why` says so.

    `why` alone is set where nothing was to be done: that is no failure.
    """

    number: int | None = None
    settled: Settled | None = None
    why: str = ""


def comment(
    forge: Forge, wanted: Wanted, draft: Draft, *, commit: str | None, behavior: Behavior, clock: Clock
) -> Commented:
    """Put a plan's text on its pull request. `commit` is what the plan says that it is of.

    A run of an older head does nothing: the comment of the newer one stays. Raises NeedsPerson where nobody
    can say which of the two is newer.
    """
    pull = _found(forge, wanted)
    if isinstance(pull, str):
        return Commented(why=pull)
    planned = wanted.head_of(commit)
    if planned is not None and not _is_of(forge, pull, planned):
        return Commented(
            pull.number,
            why=f"the plan is of commit {planned[:12]}, and the head of {forge.thing} {pull.number} is "
            f"{pull.head[:12]}: the comment is left to the run of that commit",
        )
    return Commented(pull.number, settle(forge, pull.number, draft, behavior, clock))


def _found(forge: Forge, wanted: Wanted) -> PullRequest | str:
    """Return the pull request, or why there is none."""
    if wanted.nowhere:
        return wanted.nowhere
    if wanted.number is not None:
        return forge.pull_request(wanted.number)
    if wanted.branch is not None:
        found, head = forge.open_with(wanted.branch), wanted.branch.commit
    else:
        head = wanted.commit or ""
        found = forge.open_at(head)
    if not found:
        return f"no open pull request has commit {head[:12]} as its head: it is closed, or has newer commits"
    if len(found) > 1:
        numbers = ", ".join(str(one.number) for one in found)
        raise ForgeError(
            f"commit {head[:12]} is the head of several {forge.thing}s: {numbers}",
            hint="name one: --pull-request N",
        )
    return found[0]


def _is_of(forge: Forge, pull: PullRequest, planned: str) -> bool:
    """Return whether a plan is of the head, of a merge of it, or of what that became in its base."""
    if planned == pull.head or planned in pull.became:
        return True
    try:
        return pull.head in forge.parents(planned)
    except (Gone, Refusal) as error:
        raise NeedsPerson(
            f"the plan is of commit {planned[:12]}, the head of {forge.thing} {pull.number} is "
            f"{pull.head[:12]}, and which of them is newer cannot be found out: {error.message}",
            hint="push the commit, or plan a checkout of that head; nothing was posted",
        ) from error
