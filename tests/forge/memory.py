"""A forge in memory that loses and refuses as it is told, and notes what was asked in which order."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftops.errors import ForgeError
from ftops.forge.port import Branch, Comment, Gone, PullRequest, TooLong, Unsure

ME = "me"
FAULTS = ("", "before", "after", "fail", "long", "vanish")


@dataclass
class MemoryForge:
    """Takes the next of `faults` with every call; without any left everything goes well.

    `before` and `after` lose a reply, without and with the effect; `fail` is a certain failure; `vanish`
    means that somebody deletes the comment first.
    """

    comments_of: list[Comment] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fewest: int | None = None
    name: str = "a forge"
    thing: str = "pull request"
    budget: int = 100
    last: int = 0

    @property
    def ours(self) -> list[Comment]:
        return [one for one in self.comments_of if one.author == ME]

    def put(self, author: str | None, body: str) -> Comment:
        self.last += 1
        made = Comment(self.last, author, body)
        self.comments_of.append(made)
        return made

    def as_written(self, body: str) -> str:
        return body

    def author(self) -> str:
        return ME

    def comments(self, number: int) -> tuple[Comment, ...]:
        if self._fault("list") in ("before", "after", "fail"):
            raise ForgeError("the list cannot be read")
        self.asked[-1] = "listed"
        return tuple(self.comments_of)

    def create(self, number: int, body: str) -> Comment:
        fault = self._fault("create")
        self._refuse(fault)
        made = self.put(ME, body)
        self._watch()
        return self._lose(fault, made)

    def update(self, number: int, comment: int, body: str) -> Comment:
        fault = self._fault("update")
        if fault == "vanish":
            self._remove(comment)
        self._refuse(fault)
        place = self._place(comment)
        self.comments_of[place] = Comment(comment, self.comments_of[place].author, body)
        return self._lose(fault, self.comments_of[place])

    def delete(self, number: int, comment: int) -> None:
        fault = self._fault("delete")
        self._refuse(fault)
        self._remove(comment)
        self._watch()
        if fault == "after":
            raise Unsure("lost after it was done")

    def pull_request(self, number: int) -> PullRequest:
        return PullRequest(number, "1" * 40)

    def open_with(self, branch: Branch) -> tuple[PullRequest, ...]:
        return ()

    def open_at(self, commit: str) -> tuple[PullRequest, ...]:
        return ()

    def parents(self, commit: str) -> tuple[str, ...]:
        return ()

    def _fault(self, call: str) -> str:
        self.asked.append(call)
        return self.faults.pop(0) if self.faults else ""

    def _refuse(self, fault: str) -> None:
        if fault == "before":
            raise Unsure("lost before it was done")
        if fault == "fail":
            raise ForgeError("no")
        if fault == "long":
            self.asked[-1] = "too long"
            raise TooLong("too long", status=422)

    def _lose(self, fault: str, done: Comment) -> Comment:
        if fault == "after":
            raise Unsure("lost after it was done")
        return done

    def _place(self, comment: int) -> int:
        found = [at for at, one in enumerate(self.comments_of) if one.id == comment]
        if not found:
            raise Gone("it is not there", status=404)
        return found[0]

    def _remove(self, comment: int) -> None:
        del self.comments_of[self._place(comment)]

    def _watch(self) -> None:
        """Note how few there were since there was one."""
        count = len(self.ours)
        self.fewest = count if self.fewest is None else min(self.fewest, count)
