"""The file of metrics: whole, readable by all, gone on from; nothing about it ends a round."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from ftops.controller.instruments import Instruments, listening
from ftops.controller.reconciled import Result
from ftops.controller.textfile import check_place, read_textfile, write_textfile
from ftops.errors import UsageError
from ftops.transport.observer import Exchange
from tests.unit.controller.measuring import ROOT, hold, round_of, told
from tests.unit.controller.test_metrics import samples


class Run:
    """The instruments of one run of ftops, and what they said."""

    def __init__(self, file: Path | None, name: str | None = "shop") -> None:
        self.said: list[str] = []
        self.instruments = Instruments(file, None, warn=self.said.append)
        self.instruments.expect(ROOT, lambda: name)


def test_a_file_is_for_everybody_to_read_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "ftops.prom"
    before = os.umask(0o077)
    try:
        Run(path).instruments(told(round_of(hold("a"))))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["ftops.prom"]
    assert 'ftops_needs_person{project="shop"} 1.0' in path.read_text()
    assert "process_" not in path.read_text()


def test_counters_go_on_from_run_to_run(tmp_path: Path) -> None:
    path = tmp_path / "ftops.prom"
    for _ in range(3):
        run = Run(path)
        run.instruments.hearer("shop", "oa")(Exchange("GET", "api", "/jobs", 200, None, 1.0))
        run.instruments(told(round_of(hold("a"))))
        assert run.said == []
    run = Run(path)
    run.instruments(told(None, Result.FAILED, project="folder"))
    found = samples(run.instruments.metrics)
    assert found["ftops_reconcile_total{result=done}"] == 3
    assert found["ftops_reconcile_total{result=failed}"] == 1
    assert found["ftops_provider_requests_total{code=200,method=GET,provider=oa}"] == 3
    assert found["ftops_needs_person"] == 1
    assert found["ftops_last_success_timestamp_seconds"] > 0


@pytest.mark.parametrize("content", [b"\xff\xfe", b"<html>\x00 metrics", b'ftops_holds{project="shop"'])
def test_a_damaged_file_is_said_and_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ftops.prom"
    path.write_bytes(content)
    run = Run(path)
    run.instruments(told(round_of()))
    (said,) = run.said
    assert said.startswith(f"{path} cannot be read (")
    assert 'ftops_reconcile_total{project="shop",result="done"} 1.0' in path.read_text()


def test_a_file_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    folder = tmp_path / "prom"
    folder.mkdir()
    run = Run(folder / "ftops.prom")
    folder.rmdir()
    run.instruments(told(round_of()))
    (said,) = run.said
    assert said == f"the metrics cannot be written to {folder / 'ftops.prom'}: No such file or directory"


def test_a_mistake_of_ours_is_a_warning(tmp_path: Path) -> None:
    said: list[str] = []
    instruments = Instruments(None, 300.0, warn=said.append)
    instruments(told(round="not a round"))
    (words,) = said
    assert words.startswith("the metrics of this round are incomplete: AttributeError(")


def test_a_place_for_the_file_is_checked_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no directory"):
        check_place(tmp_path / "none" / "ftops.prom")
    with pytest.raises(UsageError, match="is a directory"):
        check_place(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(UsageError, match="is not a regular file"):
            check_place(path)
    check_place(tmp_path / "ftops.prom")


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ftops.prom"
    texts = {letter * 200_000 for letter in "ab"}
    write_textfile(path, "a" * 200_000)
    over = threading.Event()

    def write() -> None:
        for _ in range(50):
            for text in sorted(texts):
                write_textfile(path, text)
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not over.is_set():
        assert path.read_text() in texts
    writer.join()
    assert [one.name for one in tmp_path.iterdir()] == ["ftops.prom"]


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "ftops.prom"
    path.mkdir()
    with pytest.raises(OSError, match=r"."):
        write_textfile(path, "x")
    assert [one.name for one in tmp_path.iterdir()] == ["ftops.prom"]
    assert read_textfile(tmp_path / "none.prom") is None


def test_what_was_measured_is_served(tmp_path: Path) -> None:
    import requests

    said: list[str] = []
    instruments = Instruments(None, 300.0, warn=said.append)
    instruments.expect(ROOT, lambda: "shop")
    with listening(instruments, "0") as served:
        assert requests.get(f"http://{served}/readyz", timeout=30).status_code == 503
        instruments(told(round_of(hold("a"))))
        instruments.pausing(ROOT, 900.0, backoff=600.0)
        assert requests.get(f"http://{served}/readyz", timeout=30).status_code == 200
        assert requests.get(f"http://{served}/healthz", timeout=30).status_code == 200
        found = requests.get(f"http://{served}/metrics", timeout=30)
    assert found.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'ftops_backoff_seconds{project="shop"} 600.0' in found.text
    assert "process_resident_memory_bytes" in found.text


def test_projects_of_one_process_share_a_file_and_one_that_is_gone_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "ftops.prom"
    run = Run(path)

    def work(name: str) -> None:
        for _ in range(20):
            run.instruments(told(round_of(hold("a")), project=name, root=Path(f"/srv/{name}")))

    threads = [threading.Thread(target=work, args=(f"p{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text().count('result="done"} 20.0') == 4
    run.instruments.forget(Path("/srv/p0"))
    run.instruments(told(round_of(), root=ROOT))
    again = Run(path)
    assert samples(again.instruments.metrics)["ftops_reconcile_total{result=done}"] == 1
    assert path.read_text().count('result="done"} 20.0') == 3
    assert run.said == again.said == []
