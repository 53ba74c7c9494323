from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ftops.errors import LeaseLost
from ftops.state.backends.shared_check import SharedCheck


class Server:
    """Counts questions, and answers each when told to."""

    def __init__(self, answer: Callable[[int], None] = lambda _: None) -> None:
        self.asked = 0
        self.gate = threading.Semaphore(0)
        self._answer = answer

    def __call__(self) -> None:
        self.asked += 1
        number = self.asked
        self.gate.acquire(timeout=10)
        self._answer(number)


def _threads(count: int, check: Callable[[], None], told: list[str]) -> list[threading.Thread]:
    def run() -> None:
        try:
            check()
            told.append("yes")
        except LeaseLost as error:
            told.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_those_who_come_while_a_question_is_under_way_share_the_next_one() -> None:
    server, told = Server(), list[str]()
    check = SharedCheck(server)
    threads = _threads(1, check, told)
    _until(lambda: server.asked == 1)
    threads += _threads(20, check, told)
    _until(lambda: len(check._turn._waiters) == 20)  # type: ignore[attr-defined]
    server.gate.release()
    _until(lambda: server.asked == 2)
    assert told == ["yes"]
    server.gate.release()
    for thread in threads:
        thread.join(10)
    assert (server.asked, told) == (2, ["yes"] * 21)


def test_a_no_is_told_to_every_thread_of_its_round_and_to_no_earlier_one() -> None:
    def answer(number: int) -> None:
        if number > 1:
            raise LeaseLost("gone")

    server, told = Server(answer), list[str]()
    check = SharedCheck(server)
    threads = _threads(1, check, told)
    _until(lambda: server.asked == 1)
    threads += _threads(5, check, told)
    _until(lambda: len(check._turn._waiters) == 5)  # type: ignore[attr-defined]
    server.gate.release(2)
    for thread in threads:
        thread.join(10)
    assert sorted(told) == ["gone"] * 5 + ["yes"]


def test_a_question_broken_off_by_ctrl_c_does_not_make_others_wait_for_ever() -> None:
    def answer(number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    server, told = Server(answer), list[str]()
    check = SharedCheck(server)
    threads: list[threading.Thread] = []

    def others() -> None:
        _until(lambda: server.asked == 1)
        threads.extend(_threads(3, check, told))
        _until(lambda: len(check._turn._waiters) == 3)  # type: ignore[attr-defined]
        server.gate.release(2)

    helper = threading.Thread(target=others)
    helper.start()
    with pytest.raises(KeyboardInterrupt):
        check()
    helper.join(10)
    server.gate.release(3)
    for thread in threads:
        thread.join(10)
    # Whoever asks first after the break asks for those that had come by then.
    assert told == ["yes"] * 3
    assert 2 <= server.asked <= 3


def test_one_after_the_other_asks_each_time() -> None:
    asked: list[int] = []
    check = SharedCheck(lambda: asked.append(1))
    for _ in range(3):
        check()
    assert len(asked) == 3
