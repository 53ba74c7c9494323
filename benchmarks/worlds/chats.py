"""Chat data as people have it: conversations of 3 to 9 messages, in several scripts, some with tools."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROW_BYTES = 1_000
"""About as many a row, so that 100,000 of them are 100 MB."""

_SEED = 16
_TOOLS_EVERY = 20
_AROUND = 60
"""What JSON puts around a message, and how far a text overshoots its share."""
_ELSEWHERE_EVERY = 7
_SYSTEM = "You are a support assistant of a shop for garden tools. Answer briefly, and only from the context."
_SENTENCES = (
    "The order was shipped on Monday, and should arrive within three days.",
    "Please check your address again, so that we can send the invoice #48213 over $129.90.",
    "I would like to know whether this model fits a 22 mm hose, because the manual says otherwise.",
    "Thanks for waiting!",
    "Of course: the warranty covers the battery and the charger, for two years from the day of purchase.",
    "It was replaced last week.",
    "Could you tell me what the red light means?\n\n- it blinks twice\n- then it goes out",
    "Hold the button for ten seconds, then unplug the charger and wait until the motor has stopped.",
)
_ELSEWHERE = (
    "Grüße aus Zürich, die Lieferung fehlt noch.",
    "¿Dónde está mi pedido? Ça marche très bien.",
    "注文した商品がまだ届いていません。",
    "Спасибо, заказ получен вчера.",
    "मेरा ऑर्डर कहाँ है?",
    "شكرا جزيلا",
    "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4} \N{PARTY POPPER}",
)
_TOOL = {
    "type": "function",
    "function": {
        "name": "find_order",
        "description": "Look an order up by its number.",
        "parameters": {
            "type": "object",
            "properties": {"number": {"type": "string"}},
            "required": ["number"],
        },
    },
}


def write_chats(path: Path, rows: int, seed: int = _SEED) -> None:
    """Write as many rows. The same arguments write the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(chats(rows, seed))


def chats(rows: int, seed: int = _SEED) -> Iterator[str]:
    """Yield as many lines."""
    chance = random.Random(seed)  # noqa: S311 - data, and no secret
    for number in range(rows):
        messages = 3 + 2 * chance.randrange(4)
        row = _with_tools(chance, number) if number % _TOOLS_EVERY == 0 else _plain(chance, number, messages)
        # As most writers of JSON do, some escape what is not ASCII.
        yield json.dumps(row, ensure_ascii=number % 3 == 0) + "\n"


def _plain(chance: random.Random, number: int, count: int) -> dict[str, Any]:
    messages = [{"role": "system", "content": _SYSTEM}]
    share = (ROW_BYTES - len(_SYSTEM)) // count - _AROUND
    for turn in range(1, count):
        role = "user" if turn % 2 else "assistant"
        messages.append({"role": role, "content": _text(chance, share)})
    # No two rows are the same.
    messages[1]["content"] += f" ({number})"
    return {"messages": messages}


def _with_tools(chance: random.Random, number: int) -> dict[str, Any]:
    call = {"name": "find_order", "arguments": json.dumps({"number": f"{number:08}"})}
    return {
        "messages": [
            {"role": "system", "content": _SYSTEM},
            {"role": "user", "content": _text(chance, ROW_BYTES // 8)},
            {
                "role": "assistant",
                "tool_calls": [{"id": f"call_{number}", "type": "function", "function": call}],
            },
            {"role": "tool", "tool_call_id": f"call_{number}", "content": _text(chance, ROW_BYTES // 8)},
            {"role": "assistant", "content": _text(chance, ROW_BYTES // 8)},
        ],
        "tools": [_TOOL],
    }


def _text(chance: random.Random, size: int) -> str:
    text = [chance.choice(_ELSEWHERE)] if chance.randrange(_ELSEWHERE_EVERY) == 0 else []
    room = size
    while room > 0:
        text.append(chance.choice(_SENTENCES))
        room -= len(text[-1])
    return " ".join(text)
