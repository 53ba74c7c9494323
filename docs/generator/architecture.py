"""The page of the rooms: what each is for, and which imports which, read from the code itself."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path

from docs.generator.reference import NOTICE

REPOSITORY = Path(__file__).resolve().parents[2]
CODE = REPOSITORY / "ftops"

Graph = Mapping[str, frozenset[str]]
"""Room -> the rooms that it imports."""


def architecture_page() -> str:
    """Draw floors, rooms and the arrows between them."""
    floors, graph = read_floors(), read_graph()
    lines = [
        NOTICE.format(source="the docstrings of the rooms and .importlinter"),
        "# The rooms",
        "",
        "Each folder of `ftops/` is a room, named by a noun of the domain. A room imports only from floors",
        "below its own, and neighbours on one floor do not know each other; `make check` refuses anything",
        "else. One library has one door, dialects and stores do not know each other, and the deciding rooms",
        "(`model`, `records`, `planner`, `review`, `report`) do no I/O and read no clock.",
        "",
        "```mermaid",
        "flowchart TD",
        *_subgraphs(floors),
        *(f"    {start} --> {end}" for start, end in sorted(_essential(graph))),
        "```",
        "",
        "An arrow is an import. One that follows from two others is left out: what is below `records` is",
        "also below `planner`.",
        "",
        "| floor | room | what may live in it |",
        "|---|---|---|",
    ]
    for number, floor in enumerate(floors):
        lines += [f"| {len(floors) - number} | `{room}` | {_says(room)} |" for room in floor]
    lines += [
        "",
        "## Where is ...",
        "",
        "| question | where |",
        "|---|---|",
        *(f"| {question} | {where} |" for question, where in _QUESTIONS),
    ]
    return "\n".join(lines) + "\n"


_QUESTIONS = (
    ("What is a job, for us?", "`model/job.py`"),
    ("Why was my job replaced?", "`planner/table.py`, then `planner/difference.py`"),
    ("How is a fine-tune never created twice?", "`applier/creates.py`, then `records/settling.py`"),
    ("How do we talk to a provider?", "one file in `providers/dialects/`, nothing else"),
    ("Where is a timeout, a retry, a proxy, a key?", "`transport/`"),
    ("What is written where, and when?", "`applier/applier.py`, `state/manager.py`"),
    ("How is the whole put together?", "`reconciler/line.py`"),
    ("How does a person change the state?", "`api/state_edit.py`, then the module of that edit beside it"),
    ("Add a safety rule", "one function in `review/rules.py`"),
    ("Add a check of the doctor", "one function in `doctor/`, and its call in `doctor/examination.py`"),
    (
        "Add a provider",
        "a file in `providers/dialects/`, a row in `providers/registry.py`, a folder in `emulator/wires/`",
    ),
    ("What does an exit code mean?", "`errors.py`"),
)


def read_floors() -> list[list[str]]:
    """Return the floors from the top, each with its rooms."""
    config = configparser.ConfigParser()
    config.read(REPOSITORY / ".importlinter")
    text = config["importlinter:contract:floors"]["layers"]
    return [[room.strip() for room in line.split("|")] for line in text.splitlines() if line.strip()]


def read_graph() -> Graph:
    """Return what each room imports of the others, imports inside functions included."""
    graph: dict[str, set[str]] = {}
    for path in sorted(CODE.rglob("*.py")):
        room = _room(path)
        if room is None:
            continue
        known = graph.setdefault(room, set())
        known |= {found for found in _imported(ast.parse(path.read_text())) if found != room}
    rooms = graph.keys()
    return {room: frozenset(known & rooms) for room, known in graph.items()}


def _room(path: Path) -> str | None:
    """Name the room of a module; the front door, which shows names of every room, is none."""
    first = path.relative_to(CODE).parts[0].removesuffix(".py")
    return None if first == "__init__" else first


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ftops."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.ImportFrom) and node.module == "ftops":
            yield from (alias.name for alias in node.names)


def _essential(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield the arrows that do not follow from others."""
    for start, ends in graph.items():
        for end in ends:
            if not any(end in _below(graph, other) for other in ends - {end}):
                yield start, end


def _below(graph: Graph, room: str) -> set[str]:
    found: set[str] = set()
    waiting = [room]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _subgraphs(floors: list[list[str]]) -> Iterator[str]:
    for number, floor in enumerate(floors):
        yield f"    subgraph floor{len(floors) - number}[ ]"
        yield f"        {'; '.join(floor)}"
        yield "    end"


def _says(room: str) -> str:
    module = CODE / room / "__init__.py" if (CODE / room).is_dir() else CODE / f"{room}.py"
    text = ast.get_docstring(ast.parse(module.read_text())) or ""
    return " ".join(text.split("\n\n")[0].split())
