"""Ask each model of `ftops outputs --format json` (standard input) the same questions, and their base too."""

import importlib.util
import json
import sys
from pathlib import Path

LONGEST = 24
WIDTH = 30


def main(trainer: Path, questions: list[str]) -> None:
    """Print a table: a row for each question, a column for each model."""
    spec = importlib.util.spec_from_file_location("ftops_trainer", trainer / "__init__.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"no trainer in {trainer}")
    package = importlib.util.module_from_spec(spec)
    sys.modules["ftops_trainer"] = package
    spec.loader.exec_module(package)
    from ftops_trainer.ask import answer

    models = {name: Path(told["model"]) for name, told in json.load(sys.stdin).items()}
    base = next(iter(models.values()))
    print("".join(f"{head:{WIDTH}}" for head in ("question", "before", *models)))
    for question in questions:
        answers = [answer(base, question, base=True, longest=LONGEST)]
        answers += [answer(folder, question, longest=LONGEST) for folder in models.values()]
        print("".join(f"{printable(text):{WIDTH}}" for text in (question, *answers)))


def printable(text: str) -> str:
    """Make an answer fit to be shown: an untrained model says anything."""
    shown = (letter if letter.isascii() and letter.isprintable() else "?" for letter in text)
    return "".join(shown)[: WIDTH - 2]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
