"""Which mutants change nothing but sentences."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_NUMBERED = re.compile(r"__mutmut_\d+$")


def only_words(root: Path) -> set[str]:
    """Return the mutants below a folder that differ from the code they were made of in sentences alone."""
    found: set[str] = set()
    for path in sorted(root.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "__mutmut_" not in source:
            continue
        module = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        found |= {f"{module}.{name}" for name in mutants_of_words(source)}
    return found


def mutants_of_words(source: str) -> Iterator[str]:
    """Yield those of one module, which holds each mutant as a function beside the original."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    shapes = {node.name: _wordless(node) for node in functions if "__mutmut_" in node.name}
    for name, shape in shapes.items():
        original = _NUMBERED.sub("__mutmut_orig", name)
        if name != original and shapes.get(original) == shape:
            yield name


def _wordless(function: ast.FunctionDef) -> str:
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            node.value = " "
    return "\n".join(ast.dump(statement) for statement in function.body)
