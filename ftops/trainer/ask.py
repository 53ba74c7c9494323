"""`python -m ftops_trainer.ask FOLDER QUESTION`: what a fine-tuned model answers, or its base before."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .codes import Exit, Refused
from .start import start_at


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one answer. Return the exit code of a trainer."""
    parser = argparse.ArgumentParser(
        prog="ftops_trainer.ask", description="Ask a fine-tuned model one question."
    )
    parser.add_argument("folder", type=Path, help="the adapter, model or checkpoint of a job")
    parser.add_argument("question")
    parser.add_argument("--system", help="the system message")
    parser.add_argument("--base", action="store_true", help="ask the base model, without the adapter")
    parser.add_argument("--max-new-tokens", type=int, default=64)
    told = parser.parse_args(arguments)
    try:
        print(answer(told.folder, told.question, told.system, base=told.base, longest=told.max_new_tokens))
    except Refused as refused:
        print(f"error: {refused.message}\nhint: {refused.hint}", file=sys.stderr)
        return refused.exit
    return Exit.DONE


def answer(
    folder: Path, question: str, system: str | None = None, *, base: bool = False, longest: int = 64
) -> str:
    """Return the likeliest answer: always the same for the same model and question."""
    import torch

    from .loading import load_for_answers, load_tokenizer

    start = start_at(folder.absolute())
    tokenizer, model = load_tokenizer(start), load_for_answers(start, adapted=not base)
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": question})
    asked = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        told = model.generate(
            **asked, max_new_tokens=longest, do_sample=False, pad_token_id=tokenizer.pad_token_id
        )
    text: str = tokenizer.decode(told[0][asked["input_ids"].shape[1] :], skip_special_tokens=True)
    return text


if __name__ == "__main__":
    sys.exit(main())
