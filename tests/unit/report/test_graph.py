"""The graph: what is in it, and that no form breaks on a name."""

from __future__ import annotations

import json

import pytest

from ftops.model.finetune import DataFile, FineTune, Upstream
from ftops.model.job import JobStatus
from ftops.model.state import Record, RecordedJob, State
from ftops.report.graph import Graph, graph_document, make_graph, render_dot, render_graph, render_mermaid


def fine_tune(name: str, model: str | Upstream = "gpt-4o-mini", data: str = "data/train.jsonl") -> FineTune:
    return FineTune(name, "local", model, (DataFile(path=data),))


def chain(*names: str) -> list[FineTune]:
    ups = [Upstream(name) for name in names]
    return [fine_tune(names[0])] + [fine_tune(name, up) for name, up in zip(names[1:], ups[:-1], strict=True)]


def state(**statuses: JobStatus) -> State:
    records = {}
    for name, status in statuses.items():
        job = RecordedJob("j", "local", "f", 1, 1, None, status, fine_tuned_model=f"ft:{name}")
        records[name] = Record("local", "f", 1, 1, {}, job=job)
    return State("p", "l", 1, records)


def test_a_chain_is_a_tree_with_data_and_statuses() -> None:
    short = FineTune(
        "short",
        "local",
        Upstream("long", "step:40"),
        (DataFile(path="data/a.jsonl"), DataFile(file_id="file-1")),
        DataFile(path="data/valid.jsonl"),
    )
    graph = make_graph([short, fine_tune("long"), fine_tune("other")], state(long=JobStatus.SUCCEEDED))
    assert render_graph(graph) == (
        "gpt-4o-mini (local)\n"
        "├─ long - succeeded\n"
        "│  │  data data/train.jsonl\n"
        "│  └─ short from step:40 - absent\n"
        "│        data data/a.jsonl\n"
        "│        data file-1\n"
        "│        check data/valid.jsonl\n"
        "└─ other - absent\n"
        "      data data/train.jsonl\n"
    )


def test_without_a_state_nothing_is_said_of_statuses() -> None:
    assert "absent" not in render_graph(make_graph(chain("a", "b"), None))


def test_no_fine_tunes_are_said() -> None:
    assert render_graph(Graph((), ())) == "No fine-tunes.\n"


def test_the_document_has_a_stable_shape() -> None:
    graph = make_graph(chain("a", "b"), state(a=JobStatus.RUNNING))
    nothing = {"provider": None, "status": None, "fine_tuned_model": None}
    node = {"kind": "fine_tune", "provider": "local"}
    assert graph_document(graph) == {
        "nodes": [
            {"id": "data:data/train.jsonl", "kind": "data", "name": "data/train.jsonl", **nothing},
            {"id": "fine_tune:a", "name": "a", **node, "status": "running", "fine_tuned_model": "ft:a"},
            {"id": "fine_tune:b", "name": "b", **node, "status": "absent", "fine_tuned_model": None},
            {
                "id": "model:local:gpt-4o-mini",
                "kind": "model",
                "name": "gpt-4o-mini",
                **nothing,
                "provider": "local",
            },
        ],
        "edges": [
            {"from": "model:local:gpt-4o-mini", "to": "fine_tune:a", "kind": "base", "checkpoint": None},
            {"from": "data:data/train.jsonl", "to": "fine_tune:a", "kind": "training", "checkpoint": None},
            {"from": "fine_tune:a", "to": "fine_tune:b", "kind": "base", "checkpoint": None},
            {"from": "data:data/train.jsonl", "to": "fine_tune:b", "kind": "training", "checkpoint": None},
        ],
    }


def test_the_order_of_manifests_is_irrelevant() -> None:
    tunes = [*chain("a", "b", "c"), fine_tune("d", "curie"), fine_tune("e", data="x.jsonl")]
    assert make_graph(tunes, None) == make_graph(tunes[::-1], None)


@pytest.mark.parametrize("width", [40, 30, 10])
def test_the_tree_fits_a_narrow_terminal_and_loses_no_name(width: int) -> None:
    long = "-".join(["a-very-long-name-of-a-fine-tune"] * 2)
    tunes = [*chain(long, *(f"{n}-{long}"[:63] for n in range(15))), fine_tune("z", "m" * 90)]
    text = render_graph(make_graph(tunes, None), width=width)
    assert max(map(len, text.splitlines())) <= max(width, 24)
    squeezed = "".join(sign for sign in text if sign not in "│├└─… \n")
    for tune in tunes:
        assert tune.name in squeezed


def test_a_chain_longer_than_the_stack_is_drawn() -> None:
    names = [f"n{number}" for number in range(3000)]
    text = render_graph(make_graph(chain(*names), None), width=80)
    assert len(text.splitlines()) == 1 + 2 * 3000


STRANGE = 'a"]-->b;\n`x` <b>#1</b> \\N {|} \x1b[31m %%'


def test_names_cannot_break_mermaid() -> None:
    text = render_mermaid(make_graph([fine_tune("end", STRANGE)], state(end=JobStatus.FAILED)))
    assert text == (
        "flowchart LR\n"
        '  n0[("data/train.jsonl")]\n'
        '  n1["end<br>local, failed"]:::failed\n'
        '  n2(["a#34;#93;--#62;b#59; #96;x#96; #60;b#62;#35;1#60;/b#62; #92;N #123;#124;#125; '
        ' #91;31m #37;#37;<br>local"])\n'
        "  n2 --> n1\n"
        '  n0 -.->|"training"| n1\n'
        "  classDef failed stroke:#cf222e,stroke-width:2px\n"
    )


def test_a_name_is_no_markdown_list() -> None:
    text = render_mermaid(make_graph([fine_tune("a", "1. b"), fine_tune("c", "- d.e-f")], None))
    assert '"1#46; b<br>local"' in text
    assert '"#45; d.e-f<br>local"' in text


def test_names_cannot_break_dot() -> None:
    text = render_dot(make_graph([fine_tune("end", STRANGE)], None))
    strange = 'a\\"]-->b; `x` <b>#1</b> \\\\N {|}  [31m %%'
    assert f'  "model:local:{strange}" [shape=ellipse, label="{strange}\\nlocal"];\n' in text
    assert f'  "model:local:{strange}" -> "fine_tune:end" [style=solid];\n' in text
    assert '  "data:data/train.jsonl" -> "fine_tune:end" [style=dashed, label="training"];\n' in text
    assert json.dumps(text).count("\\u001b") == 0
