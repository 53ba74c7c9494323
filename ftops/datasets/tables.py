"""The rules of training data, as `schemas/datasets/` states them: what is wrong, how bad, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from ftops.errors import FtopsError
from ftops.model.capabilities import DataFormat
from ftops.model.data_check import Severity
from ftops.model.finetune import Method
from ftops.model.tuned_model import base_model

OFF = "off"


class ModelFacts(Struct, frozen=True):
    """What is known about a model. None: not known. `image_tokens` of one image, at least and at most."""

    form: DataFormat | None = None
    context: int | None = None
    images: bool = False
    image_tokens: tuple[int, int] | None = None


class Ruleset(Struct, frozen=True):
    """How one file is judged: for a dialect, a method and a base model.

    `facts` is None for a model that the dialect's table does not have: then somebody else's server speaks
    this dialect, and only what is wrong everywhere is an error. `largest` is how many bytes of a file the
    provider of ftops.yaml can be sent.
    """

    dialect: str
    method: Method
    model: str
    forms: frozenset[DataFormat]
    facts: ModelFacts | None
    largest: int | None = None

    def severity(self, kind: str) -> Severity | None:
        """How bad this kind is here; None: it is not reported at all."""
        rule = _rules()["rules"][kind]
        own = self._dialect.get("rules", {}).get(kind)
        stated = own or rule["severity"]
        if stated == OFF:
            return None
        certain = own or self.facts is not None or rule.get("everywhere")
        return Severity(stated) if certain else Severity.WARNING

    def limit(self, name: str) -> int | None:
        """A limit of the dialect by its name in the table; None where none is known."""
        limit: int | None = self._dialect.get(name)
        return limit

    @property
    def fewest(self) -> int:
        """How many examples a training file must have."""
        fewest: int = self._dialect.get("fewest", {}).get(self.method, 1)
        return fewest

    @property
    def _dialect(self) -> Mapping[str, Any]:
        dialect: Mapping[str, Any] = _rules()["dialects"].get(self.dialect, {})
        return dialect


class ForeignForm(Struct, frozen=True):
    """A form of another program, known by its keys."""

    name: str
    keys: frozenset[str]
    hint: str


@lru_cache(maxsize=4096)
def ruleset(dialect: str, method: Method, model: str, forms: frozenset[DataFormat]) -> Ruleset:
    """Choose the rules for one use of a file. `model` is a base model or a fine-tuned one's name."""
    base = base_model(model)
    for known in _rules()["dialects"].get(dialect, {}).get("models", ()):
        if re.fullmatch(known["base"], base):
            facts = _facts(known)
            fitting = forms & {facts.form} if method is Method.SUPERVISED else forms
            return Ruleset(dialect, method, base, fitting or forms, facts)
    return Ruleset(dialect, method, base, forms, None)


@lru_cache(maxsize=4096)
def model_facts(base: str) -> ModelFacts | None:
    """Return what is known of a base model, whoever trains it; of several contexts the longest.

    Tokens are counted with it, and of two limits the longer one counts more.
    """
    every = [
        _facts(known)
        for dialect in _rules()["dialects"].values()
        for known in dialect["models"]
        if re.fullmatch(known["base"], base)
    ]
    return max(every, key=lambda facts: facts.context or 0, default=None)


def _facts(known: Mapping[str, Any]) -> ModelFacts:
    least, most = known.get("image_tokens", (None, None))
    image_tokens = None if least is None or most is None else (least, most)
    form = DataFormat(known["form"])
    return ModelFacts(form, known.get("context"), known.get("images", False), image_tokens)


def sentence(kind: str, **shown: object) -> str:
    """What is said about a kind, without its place."""
    says: str = _rules()["rules"][kind]["says"]
    return says.format_map(shown)


def hint(kind: str) -> str | None:
    """What to do about a kind."""
    found: str | None = _rules()["rules"][kind].get("hint")
    return found


def correction(kind: str) -> str | None:
    """Return what a corrected copy has in place of a kind; None where that takes a person's judgement."""
    found: str | None = _rules()["rules"][kind].get("fix")
    return found


@cache
def special_tokens() -> re.Pattern[str]:
    """Tokens that a text may not hold, in one pattern."""
    return re.compile("|".join(map(re.escape, _rules()["special_tokens"])))


@cache
def foreign_forms() -> tuple[ForeignForm, ...]:
    """Forms of other programs, the more telling first."""
    forms = document("foreign.v1.json")["forms"]
    return tuple(ForeignForm(form["name"], frozenset(form["keys"]), form["hint"]) for form in forms)


@cache
def document(name: str) -> Mapping[str, Any]:
    """Read a file of `schemas/datasets`: inside an installed package, else next to it in a checkout."""
    file = _file(name)
    if file is None:
        raise FtopsError(f"the table datasets/{name} is not installed", hint="install ftops again")
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


@cache
def has_document(name: str) -> bool:
    """Return whether `schemas/datasets` has a file."""
    return _file(name) is not None


def _file(name: str) -> Path | None:
    package = Path(__file__).resolve().parent.parent
    files = (folder / "datasets" / name for folder in (package / "schemas", package.parent / "schemas"))
    return next((file for file in files if file.is_file()), None)


def _rules() -> Mapping[str, Any]:
    return document("rules.v1.json")
