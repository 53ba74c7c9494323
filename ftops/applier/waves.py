"""How many creates go out between two writes of the state."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from ftops.model.change import Change
from ftops.model.observation import Observation
from ftops.model.state import SentRequest
from ftops.records.likeness import Appearance, appearance, look_alike

ROUNDS = 4
"""A wave is this many times the parallelism, so that slow replies do not leave the others idle."""
MOST_WAVES = 32
"""Of many creates, a wave is at least this fraction: the number of state writes stays bounded."""
WORTH_A_WRITE = 1.0
"""Seconds that a wave may always take: of one that is over much sooner the state is what costs the time."""
SAFE_SHARE = 0.5
"""Which part of the send window a wave may be expected to fill."""


class Waves:
    """Cuts the queue of creates into waves, no larger than can be sent in time.

    `unmarked` says of a provider whether it is known, by now, not to return marks.
    """

    def __init__(
        self,
        changes: list[Change],
        parallelism: int,
        observations: Mapping[str, Observation],
        unmarked: Callable[[str], bool],
    ) -> None:
        self._queue = deque(changes)
        self._parallelism = parallelism
        self._observations = observations
        self._unmarked = unmarked
        self._target = max(parallelism * ROUNDS, -(-len(changes) // MOST_WAVES))
        self._seconds_each: float | None = None

    def __bool__(self) -> bool:
        return bool(self._queue)

    def next(self) -> list[Change]:
        """Take the next wave: never two that could not be distinguished where no mark comes back."""
        wave: list[Change] = []
        later: list[Change] = []
        looks: list[Appearance] = []
        size = self._size()
        while self._queue and len(wave) < size:
            change = self._queue.popleft()
            shown = self._shown(change)
            if shown is not None and any(look_alike(shown, other) for other in looks):
                later.append(change)
                continue
            if shown is not None:
                looks.append(shown)
            wave.append(change)
        self._queue.extendleft(reversed(later))
        return wave

    def alike(self, change: Change, requests: Iterable[SentRequest]) -> bool:
        """Return whether one of these requests, still in doubt, is indistinguishable from this create."""
        shown = self._shown(change)
        return shown is not None and any(
            request.provider == change.provider and look_alike(shown, request.known) for request in requests
        )

    def took(self, count: int, seconds: float) -> None:
        """Learn from the last wave how long one create takes, with this parallelism."""
        if count:
            self._seconds_each = seconds / count

    def rest(self) -> list[Change]:
        """Take everything that is left."""
        left = list(self._queue)
        self._queue.clear()
        return left

    def _size(self) -> int:
        if self._seconds_each is None:
            return self._parallelism * ROUNDS
        window = min(self._observations[change.provider].provider.send_window for change in self._queue)
        seconds_each = max(self._seconds_each, 1e-6)
        wanted = max(self._target, int(WORTH_A_WRITE / seconds_each))
        return max(1, min(wanted, int(window * SAFE_SHARE / seconds_each)))

    def _shown(self, change: Change) -> Appearance | None:
        capabilities = self._observations[change.provider].provider.capabilities
        if capabilities.stamps and not self._unmarked(change.provider):
            return None
        return appearance(change.spec, None, {}, capabilities)
