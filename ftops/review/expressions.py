"""Expressions of policies, in CEL (the only celpy import; it is loaded only where an expression is).

An expression sees one document, `change`, and nothing else: no clock, no file, no network, and of the
functions only those named here. What it may cost is bounded, in characters, in depth, in steps and in the
size of every value. Anything that goes wrong is no answer, and no answer is never "allowed".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ftops.errors import FtopsError
from ftops.model.json_value import JSONObject
from ftops.model.nearest import did_you_mean
from ftops.review.expression_steps import Steps, Stopped, let_go, shortened
from ftops.review.expression_text import Fault, fault_of
from ftops.review.expression_values import Comparison

if TYPE_CHECKING:
    from celpy.evaluation import Evaluator, Result
    from lark import Token, Tree

EXTRA = "policy"
DOCUMENT = "change"
FUNCTIONS = ("size", "has", "int", "uint", "double", "string", "bool", "type")
METHODS = ("contains", "startsWith", "endsWith", "matches", "size")
MACROS = ("all", "exists", "exists_one", "filter", "map")
"""Methods that evaluate their second argument for each member of a list or map."""
_WITH_ARGUMENTS = 3
"""Parts of a call: on what, which method, with what."""
_TYPES = ("int", "uint", "double", "string", "bool", "list", "map", "null_type")

MOST_STEPS = 20_000
"""Of one evaluation: about a tenth of a second."""
MOST_STEPS_OF_A_RUN = 10_000_000


class NoAnswer(Struct, frozen=True):
    """An expression that came to nothing, and why: it counts as broken."""

    because: str


def check(text: str, fields: tuple[str, ...]) -> Fault | None:
    """Return what is wrong with an expression over a document of these fields.

    Raises FtopsError where the library for expressions is not installed.
    """
    fault = fault_of(text)
    if fault is not None:
        return fault
    parsed = _parsed(text)
    return parsed if isinstance(parsed, Fault) else next(_misuses(parsed, fields), None)


@lru_cache(maxsize=512)
def reads(text: str) -> frozenset[str]:
    """Return which fields of the document a sound expression reads, as `cost` and `data.tokens`."""
    parsed = _parsed(text)
    return frozenset() if isinstance(parsed, Fault) else frozenset(".".join(path) for path in _paths(parsed))


class Expressions:
    """Evaluates expressions. All of a run share its steps: many rules cannot do what one may not."""

    def __init__(self, steps: int = MOST_STEPS_OF_A_RUN) -> None:
        self.left = steps

    def __call__(self, text: str, document: JSONObject) -> bool | NoAnswer:
        """Evaluate a sound expression. Raises FtopsError where the library is not installed."""
        parsed = _parsed(text)
        if isinstance(parsed, Fault):
            return NoAnswer(parsed.message)
        from celpy.adapter import json_to_cel
        from celpy.celtypes import BoolType, ListType
        from celpy.evaluation import Activation, CELEvalError, CELSyntaxError

        steps = Steps(min(MOST_STEPS, self.left), ListType)
        try:
            activation = Activation(functions=_functions())
            evaluator = _evaluator_class()(parsed, activation, steps)
            value = evaluator.evaluate({DOCUMENT: json_to_cel(document)})  # type: ignore[arg-type] # JSON
        except CELEvalError as error:
            let_go(error)
            return NoAnswer(_reason(error))
        except Stopped as error:
            return NoAnswer(str(error))
        except (
            CELSyntaxError,
            RuntimeError,
            ValueError,
            TypeError,
            AttributeError,
            ArithmeticError,
            LookupError,
        ):
            return NoAnswer("it cannot be evaluated")
        finally:
            self.left -= steps.taken
        if not isinstance(value, BoolType):
            return NoAnswer("it gives something other than true or false")
        return bool(value)


@lru_cache(maxsize=1)
def _evaluator_class() -> Callable[..., Evaluator]:
    from celpy.celtypes import BoolType, logical_and, logical_or
    from celpy.evaluation import CELEvalError, Evaluator, eval_error

    def slim(value: Any) -> Any:
        """Return an error as a short one: what the library makes of two has the text of both."""
        if not isinstance(value, CELEvalError):
            return value
        let_go(value)
        text, cause, *_ = (*value.args, None, None)
        return CELEvalError(shortened(str(text)), cause)

    folds = {"all": (logical_and, BoolType(True)), "exists": (logical_or, BoolType(False))}

    class Bounded(Evaluator):
        """An evaluator that stops: also the ones inside it, which macros make. Its errors stay small."""

        def __init__(self, ast: Tree[Any], activation: Any, steps: Steps) -> None:
            super().__init__(ast, activation)
            self._steps = steps

        def sub_evaluator(self, ast: Tree[Any]) -> Evaluator:
            return Bounded(ast, self.activation, self._steps)

        def visit_children(self, tree: Tree[Any]) -> list[Result]:
            values = [slim(value) for value in super().visit_children(tree)]
            self._steps.take(values)
            return values

        def member_dot_arg(self, tree: Tree[Any]) -> Result:
            if str(tree.children[1]) not in folds:
                result: Result = super().member_dot_arg(tree)
                return result
            operation, first = folds[str(tree.children[1])]
            join = eval_error("no such overload", TypeError)(operation)
            members = slim(self.visit(tree.children[0]))
            if isinstance(members, CELEvalError):
                return members
            judge = self.build_ss_macro_eval(tree)
            return reduce(lambda so_far, one: slim(join(so_far, slim(judge(one)))), members, first)

    return Bounded


@lru_cache(maxsize=512)
def _parsed(text: str) -> Tree[Any] | Fault:
    """Parse a text that `fault_of` lets pass; it is asked again here, so that nothing gets around it."""
    fault = fault_of(text)
    if fault is not None:
        return fault
    try:
        from celpy.celparser import CELParseError, CELParser
    except ImportError as error:
        raise FtopsError(
            f"expressions of policies need the package cel-python, which cannot be loaded: {error}",
            hint=f"pip install 'ftops[{EXTRA}]'",
        ) from error
    try:
        tree: Tree[Any] = CELParser().parse(text)
    except CELParseError as error:
        return Fault("is not valid CEL here", None, max(1, error.line or 1), max(1, error.column or 1))
    return tree


def _misuses(tree: Tree[Any], fields: tuple[str, ...]) -> Iterator[Fault]:
    """Yield what an expression names and may not, first by first."""
    variables = {str(token) for token in _variables(tree)}
    for node in tree.iter_subtrees_topdown():  # type: ignore[no-untyped-call] # lark's stubs
        match node.data, node.children:
            case ("ident_arg", [name, *_]) if name not in FUNCTIONS:
                yield _unknown("function", name, FUNCTIONS)
            case ("member_dot_arg", [_, name, *_]) if name not in (*METHODS, *MACROS):
                yield _unknown("function", name, (*METHODS, *MACROS))
            case ("ident", [name]) if name == DOCUMENT and name in variables:
                yield _at(name, f"uses {DOCUMENT} as the name of a variable", "choose another name")
            case ("ident", [name]) if name not in (DOCUMENT, *variables, *_TYPES):
                yield _unknown("name", name, (DOCUMENT, *variables))
            case ("member_object" | "map_lit" | "dot_ident" | "dot_ident_arg", _):
                yield Fault("has a form that policies do not use", None, node.meta.line, node.meta.column)
    paths = list(_paths(tree))
    bare = sum(1 for node in tree.find_data("ident") if node.children[0] == DOCUMENT) - len(paths)
    if bare:
        yield Fault(f"uses {DOCUMENT} as a whole", f"name a field: {DOCUMENT}.{fields[0]}")
    for path in paths:
        if path[0] not in fields:
            yield _unknown(f"field of {DOCUMENT}", path[0], fields)


def _variables(tree: Tree[Any]) -> Iterator[Token]:
    """Yield the variables that macros bind."""
    for node in tree.find_data("member_dot_arg"):
        if len(node.children) == _WITH_ARGUMENTS and node.children[1] in MACROS:
            yield from next(iter(node.children[2].children)).scan_values(lambda _: True)


def _paths(tree: Tree[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield each use of the document: the field, and the field of that where one is named."""
    used: dict[int, tuple[Any, ...]] = {}
    for node in tree.iter_subtrees():  # the inner ones come first
        if node.data != "member_dot":
            continue
        base, name = node.children
        inner = used.get(id(_unwrapped(base)))
        if inner is not None and len(inner) == 1:
            used[id(_unwrapped(base))] = (*inner, name)
        elif _unwrapped(base).data == "ident" and _unwrapped(base).children[0] == DOCUMENT:
            used[id(node)] = (name,)
    yield from used.values()


def _unwrapped(tree: Tree[Any]) -> Tree[Any]:
    while tree.data in ("member", "primary") and len(tree.children) == 1:
        tree = tree.children[0]
    return tree


def _unknown(kind: str, name: Token, known: tuple[str, ...]) -> Fault:
    hint = did_you_mean(str(name), known) or f"known here: {', '.join(known)}"
    return _at(name, f"names an unknown {kind}: {name}", hint)


def _at(name: Token, message: str, hint: str | None) -> Fault:
    return Fault(message, hint, name.line or 1, name.column or 1)


def _reason(error: Exception) -> str:
    """Say why, without the library's own types: `args` are its text, and the class of the cause."""
    text = str(error.args[0]) if error.args else ""
    cause = error.args[1] if len(error.args) > 1 else None
    if text.startswith("no such member"):
        return f"{text}; has(...) asks whether it is there"
    if cause is ZeroDivisionError:
        return "it divides by zero"
    if "does not support field selection" in text:
        return "it reads a field of null, or of something that has none"
    return "the types do not fit" if cause is TypeError else "it cannot be evaluated"


@lru_cache(maxsize=1)
def _functions() -> Mapping[str, Any]:
    """Return what is done otherwise than by the library: comparing, and matching a pattern."""
    import re2  # type: ignore[import-untyped] # it ships none
    from celpy.celtypes import BoolType

    compare = Comparison(BoolType)
    orders: Mapping[str, tuple[int, ...]] = {"_<_": (-1,), "_<=_": (-1, 0), "_>_": (1,), "_>=_": (0, 1)}

    def answered(judge: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
        def apply(one: Any, other: Any) -> Any:
            # The library hands on what went wrong as a value.
            wrong = next((each for each in (one, other) if isinstance(each, Exception)), None)
            return BoolType(judge(one, other)) if wrong is None else wrong

        return apply

    quiet = re2.Options()
    quiet.log_errors = False

    def matches(text: Any, pattern: Any) -> Any:
        # By automata: a pattern that makes others go back and forth for ever takes linear time.
        try:
            return BoolType(re2.search(str(pattern), str(text), quiet) is not None)
        except re2.error as error:
            raise Stopped("it matches against something that is not a pattern") from error

    return {
        "matches": matches,
        **{
            name: answered(lambda one, other, signs=signs: compare.order(one, other) in signs)  # type: ignore[misc]
            for name, signs in orders.items()
        },
        "_==_": answered(compare.same),
        "_!=_": answered(lambda one, other: not compare.same(one, other)),
        "_in_": answered(compare.holds),
    }
