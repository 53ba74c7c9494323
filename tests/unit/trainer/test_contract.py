"""The contract, kept by a trainer of a user's own: one training a folder, and every end is said."""

from __future__ import annotations

import json
import shutil
import signal
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ftops.trainer.codes import ERRORS, Exit
from tests.unit.trainer.nodes import CHAT, PREFIX, Ended, Node, ended, event_of

OWN = Path(__file__).with_name("own.py")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    shutil.copy(OWN, tmp_path / "own.py")
    return Node(tmp_path)


def start(node: Node, name: str = "a", **environ: str) -> Ended:
    return node.run("own.py", f"{name}.json", environ=environ)


def starts(node: Node, name: str = "a") -> int:
    return len((node.output(name) / "starts").read_text().splitlines())


def told(done: Ended, code: str) -> str:
    """Return the sentence of the error with which a trainer has ended."""
    assert done.last["type"] == "error"
    assert done.last["data"]["code"] == code
    assert done.last["data"]["hint"]
    assert done.code == ERRORS[code]
    message: str = done.last["message"]
    return message


def test_a_training_ends_with_its_result_and_a_second_start_says_it_again(node: Node) -> None:
    document = node.document(base_model="meta/base")
    first = start(node)
    assert first.code == Exit.DONE
    result = node.result()
    assert result["fine_tuned_model"] == str(node.output() / "adapter")
    assert (result["base_model"], result["steps"], result["train_loss"]) == ("meta/base", 10, 0.25)
    assert first.last["type"] == "result"
    assert first.last["data"] == result
    second = start(node)
    assert second.code == Exit.DONE
    assert second.last["data"] == result
    assert "already done" in second.last["message"]
    assert starts(node) == 1
    assert [event["id"] for event in node.kept()] == [1, 2]
    assert json.loads((node.output() / "job.json").read_text()) == document
    assert [json.loads(line) for line in (*first.lines, *second.lines)] == node.kept()


def test_of_two_starts_at_once_one_trains(node: Node) -> None:
    node.document(suffix="waits")
    first = node.start("own.py", "a.json")
    assert event_of(first.stdout)["message"] == "waiting"
    kept = node.kept()
    second = start(node)
    assert "another process is training" in told(second, "already_running")
    assert second.code == Exit.RUNNING
    assert node.kept() == kept
    assert ended(first, "go\n").code == Exit.DONE
    assert starts(node) == 1


def test_a_killed_training_frees_the_folder(node: Node) -> None:
    node.document(suffix="waits")
    first = node.start("own.py", "a.json")
    event_of(first.stdout)
    first.kill()
    assert ended(first).code == -signal.SIGKILL
    second = node.run("own.py", "a.json", told="go\n")
    assert second.code == Exit.DONE
    assert [event["id"] for event in node.kept()] == [1, 2, 3]
    assert starts(node) == 2


def test_sigterm_before_a_step_ends_at_once(node: Node) -> None:
    node.document(suffix="waits")
    process = node.start("own.py", "a.json")
    event_of(process.stdout)
    process.send_signal(signal.SIGTERM)
    done = ended(process)
    assert done.code == Exit.STOPPED
    assert done.last["type"] == "cancelled"
    assert done.last["data"] == {"step": 0, "path": None}
    assert not (node.output() / "result.json").exists()


def test_sigterm_between_steps_is_left_to_the_training(node: Node) -> None:
    node.document(suffix="stops")
    process = node.start("own.py", "a.json")
    assert event_of(process.stdout)["data"]["step"] == 7
    process.send_signal(signal.SIGTERM)
    done = ended(process, "go\n")
    assert done.code == Exit.STOPPED
    assert [event["type"] for event in done.events] == ["checkpoint", "cancelled"]
    checkpoint = str(node.output() / "checkpoint-7")
    assert done.last["data"] == {"step": 7, "path": checkpoint}
    again = node.run("own.py", "a.json", told="go\n")
    assert again.code == Exit.DONE
    assert node.result()["checkpoints"] == [{"step": 7, "path": checkpoint}]


@pytest.mark.parametrize(
    ("suffix", "code", "words"),
    [
        ("memory", "out_of_memory", "Unable to allocate 5 TiB"),
        ("full", "output_not_writable", "No space left on device"),
        ("full-too", "output_not_writable", "file write failed"),
        ("breaks", "trainer_failed", "ZeroDivisionError: a step of nothing"),
        ("refuses", "model_missing", "there is no model"),
    ],
)
def test_every_failure_is_one_sentence_and_a_code(node: Node, suffix: str, code: str, words: str) -> None:
    node.document(suffix=suffix)
    done = start(node)
    assert words in told(done, code)
    assert "\n" not in done.last["message"]
    assert ("Traceback" in done.err) is (suffix != "refuses")


def test_other_data_than_was_planned_is_refused(node: Node) -> None:
    document = node.document()
    (node.root / "data.jsonl").write_text(json.dumps(CHAT).replace("q", "p") + "\n")
    message = told(start(node), "digest_mismatch")
    assert document["training_file"]["sha256"][:12] in message
    assert not (node.output() / "starts").exists()


def test_a_data_file_that_is_not_there_is_refused(node: Node) -> None:
    node.document(training_file={"path": "none.jsonl", "sha256": "0" * 64})
    assert "none.jsonl is not in the working directory" in told(start(node), "data_refused")


def test_data_is_found_on_pythonpath(node: Node, tmp_path: Path) -> None:
    file = node.data("elsewhere/data/x.jsonl", [CHAT])
    node.document(training_file={**file, "path": "data/x.jsonl"})
    assert start(node, PYTHONPATH=f"/nonexistent:{tmp_path / 'elsewhere'}").code == Exit.DONE
    assert (node.output() / "adapter/read").read_bytes() == (node.root / file["path"]).read_bytes()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Serve the folder of the node over HTTP."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 # as the base class has it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_data_is_fetched_from_a_url_and_checked(node: Node, site: str) -> None:
    file = node.data("x.jsonl", [CHAT])
    node.document(training_file={**file, "path": f"{site}/x.jsonl"})
    assert start(node).code == Exit.DONE
    node.document("b", training_file={"path": f"{site}/x.jsonl", "sha256": "0" * 64})
    told(start(node, "b"), "digest_mismatch")
    node.document("c", training_file={**file, "path": f"{site}/none.jsonl"})
    assert "404" in told(start(node, "c"), "data_refused")
    node.document("d", training_file={**file, "path": "s3://bucket/x.jsonl"})
    assert "neither a path nor an http(s) URL" in told(start(node, "d"), "data_refused")


def test_an_output_that_cannot_be_written_is_said(node: Node) -> None:
    (node.root / "file").write_text("")
    node.document(output=str(node.root / "file/a"))
    assert "cannot be written" in told(start(node), "output_not_writable")


def test_the_folder_of_another_job_is_left_alone(node: Node) -> None:
    node.document()
    assert start(node).code == Exit.DONE
    node.document("b", output=str(node.output("a")))
    assert "is the folder of job a" in told(start(node, "b"), "job_document")
    node.document(seed=43)
    assert "another document" in told(start(node), "job_document")
    assert starts(node) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"surprise": 1}, "the unknown field 'surprise'"),
        ({"method": None}, "has no method"),
        ({"method": "reinforcement"}, "method must be one of supervised, dpo"),
        ({"trainer_version": 2}, "trainer_version must be 1, not 2"),
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs must be at least 1"),
        ({"hyperparameters": {"n_epochs": "3"}}, "hyperparameters.n_epochs must be of type integer"),
        ({"hyperparameters": {"learning_rate": 0}}, "learning_rate must be above 0"),
        ({"hyperparameters": {"lora_dropout": 1}}, "lora_dropout must be below 1"),
        ({"hyperparameters": {"beta": 0.1}}, "beta is not one of method supervised"),
        ({"continue_from": "/x"}, "exactly one of model and continue_from"),
        ({"model": None}, "exactly one of model and continue_from"),
        ({"id": "../x"}, "does not match"),
    ],
)
def test_a_wrong_job_document_is_refused(node: Node, fields: dict[str, Any], words: str) -> None:
    node.document(**fields)
    assert words in told(start(node), "job_document")
    assert not node.outputs.exists()


@pytest.mark.parametrize(
    ("text", "words"), [("{", "is not JSON"), ("[]", "must be of type object"), (None, "cannot be read")]
)
def test_a_document_that_is_none_is_refused(node: Node, text: str | None, words: str) -> None:
    if text is not None:
        (node.root / "a.json").write_text(text)
    assert words in told(start(node), "job_document")


def test_a_document_comes_from_standard_input(node: Node) -> None:
    document = json.dumps(node.document())
    assert node.run("own.py", "-", told=document).code == Exit.DONE


def test_a_line_is_short_and_holds_no_nan_and_no_line_break(node: Node) -> None:
    node.document(suffix="exotic")
    done = start(node)
    message, metrics, _ = done.events
    assert message["message"] == "one two three"
    assert message["data"] == {"step": 3}
    assert metrics["data"]["train_loss"] is None
    assert max(map(len, done.lines)) < 64 * 1024 - len(PREFIX)


def test_ids_go_on_after_half_a_line(node: Node) -> None:
    node.document()
    node.output().mkdir(parents=True)
    (node.output() / "events.jsonl").write_text('{"id": 41}\n{"id": 42, "obj')
    assert start(node).last["id"] == 42
    lines = (node.output() / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in (lines[0], lines[2])] == [41, 42]


def test_of_several_devices_the_first_process_speaks(node: Node) -> None:
    node.document()
    node.output().mkdir(parents=True)
    follower = start(node, RANK="1")
    assert follower.code == Exit.DONE
    assert follower.events == []
    assert not (node.output() / "result.json").exists()
    assert start(node, RANK="0").code == Exit.DONE


def test_what_needs_no_document(node: Node) -> None:
    shown = ended_text(node, "--schema")
    assert json.loads(shown)["title"].startswith("Job document")
    assert ended_text(node, "--version") == "1\n"
    assert node.run("-m", "ftops_trainer").code == 2


def ended_text(node: Node, *arguments: str) -> str:
    out, err = node.start("-m", "ftops_trainer", *arguments).communicate()
    assert err == ""
    return out
