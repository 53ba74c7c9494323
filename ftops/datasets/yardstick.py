"""How a model measures text (the only rs_bpe import; the extra `tokens` has it).

With the model's own tokenizer a text is counted, else it is estimated from its characters: then the range is
wide, and says so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from ftops.datasets.examples import Example, NotCountable, Share, example_of
from ftops.datasets.tables import model_facts
from ftops.model.dataset import TokenCount

INSTALL = "pip install 'ftops[tokens]'"

_ENCODINGS = (
    ("o200k_base", re.compile(r"(chatgpt-4o|gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-oss|o[134])(?![a-z0-9])")),
    ("cl100k_base", re.compile(r"(gpt-4|gpt-3\.5|gpt-35|babbage-002|davinci-002)(?![a-z0-9])")),
)

IMAGES = "images are counted at their smallest and largest size"
PAIRS = "a provider may count the prompt of a pair once or twice"
TOOLS = "each provider formats tools and calls in its own way"

_WRITTEN_LOW, _WRITTEN_HIGH = 0.5, 1.5
"""Of the JSON of tools and calls: what providers make of it is documented nowhere, so how far is a guess."""

_ASCII_LOW, _ASCII_HIGH = 6, 2
"""Characters of one token: English prose has four to five, JSON of many numbers two."""
_OTHER_LOW = 4
"""The same of other scripts. At most each byte is a token: some tokenizers know next to none of a script."""
_AROUND_HIGH = 2
"""What surrounds messages, over what OpenAI puts there: chat templates of open models."""

Count = Callable[[str], int]
Range = tuple[float, float]


class Yardstick(Struct, frozen=True):
    """How a model counts. `encoding` is None for a tokenizer that ftops lacks; then `because` says so.

    Longer examples than `context` are cut there. `image` is how many tokens an image has, at least and at
    most; None where that is not known.
    """

    encoding: str | None
    context: int | None = None
    image: tuple[int, int] | None = None
    because: str | None = None

    @property
    def name(self) -> str:
        """Name all that decides a count beside what is counted."""
        return f"{self.encoding} {self.context} {self.image} {self.because}"

    def example(self, example: Example, because: set[str]) -> Range:
        """Measure an example; add to `because` what of it had to be guessed. Raises NotCountable."""
        low, high = self._share(example.prompt, because)
        if example.answers is None:
            return self._cut(low), self._cut(high)
        because.add(PAIRS)
        (low_a, high_a), (low_b, high_b) = (self._share(answer, because) for answer in example.answers)
        twice = self._cut(high + high_a) + self._cut(high + high_b)
        return min(self._cut(low + low_a) + self._cut(low_b), twice), twice

    def _cut(self, tokens: float) -> float:
        return tokens if self.context is None or tokens < self.context else self.context

    def _share(self, share: Share, because: set[str]) -> Range:
        low, high = self._texts(share.texts)
        low, high = low + share.around, high + share.around * (1 if self.encoding else _AROUND_HIGH)
        if share.written:
            because.add(TOOLS)
            low_written, high_written = self._texts(share.written)
            low, high = low + _WRITTEN_LOW * low_written, high + _WRITTEN_HIGH * high_written
        if share.images:
            if self.image is None:
                raise NotCountable("it has images, and it is not known how many tokens they are")
            because.add(IMAGES)
            least, most = self.image
            low += least * share.images
            high += least * share.small_images + most * (share.images - share.small_images)
        return low, high

    def _texts(self, texts: Iterable[str]) -> Range:
        if self.encoding is None:
            return estimated("".join(texts))
        tokens = sum(map(counter(self.encoding), texts))
        return tokens, tokens


class Tally:
    """What one yardstick has measured so far, and what of it had to be guessed."""

    def __init__(self, yard: Yardstick) -> None:
        self.yard = yard
        self.guessed: set[str] = set()
        self._low = self._high = 0.0

    def add(self, found: Range) -> None:
        """Add one measure."""
        self._low += found[0]
        self._high += found[1]

    @property
    def count(self) -> TokenCount:
        """Return all of it, rounded to whole tokens away from the middle."""
        because = (*([self.yard.because] if self.yard.because else []), *sorted(self.guessed))
        return TokenCount(math.floor(self._low), math.ceil(self._high), because)


def yardstick(model: str) -> Yardstick:
    """Choose how a base model counts."""
    facts = model_facts(model)
    context, image = (facts.context, facts.image_tokens) if facts else (None, None)
    try:
        encoding = encoding_of(model)
        counter(encoding)
    except NotCountable as error:
        return Yardstick(None, context, image, f"estimated from the characters: {error}")
    return Yardstick(encoding, context, image)


def encoding_of(model: str) -> str:
    """Name the encoding of a model's family. Raises NotCountable for a family that is not known."""
    for encoding, family in _ENCODINGS:
        if family.match(model):
            return encoding
    raise NotCountable(f"no tokenizer is known for {model}")


@cache
def counter(encoding: str) -> Count:
    """Return what counts the tokens of a text. Raises NotCountable where the extra is not installed."""
    try:
        from rs_bpe import openai
    except ImportError as error:
        raise NotCountable(f"run {INSTALL} to count them") from error
    count: Count = getattr(openai, encoding)().count
    return count


def estimated(text: str) -> Range:
    """Estimate the tokens of a text from its characters, whatever the tokenizer."""
    ascii_only = len(text.encode("ascii", "ignore"))
    others = len(text) - ascii_only
    most = len(text.encode(errors="replace")) - ascii_only if others else 0
    return ascii_only / _ASCII_LOW + others / _OTHER_LOW, ascii_only / _ASCII_HIGH + most


def row_tokens(row: Mapping[str, Any], model: str) -> int:
    """Count one example with the model's own tokenizer, uncut, structures as JSON. Raises NotCountable."""
    example = example_of(row)
    share = example.prompt
    if example.answers is not None or share.images:
        raise NotCountable("only texts can be counted exactly")
    return share.around + sum(map(counter(encoding_of(model)), (*share.texts, *share.written)))
