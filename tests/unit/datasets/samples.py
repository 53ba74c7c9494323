"""Training files and what is right to say of them: one table for ftops and for its emulator.

The right ones have the shapes of public examples: OpenAI's guides and cookbook (the sarcastic chatbot, tool
calls for a drone, preference pairs, pictures, reinforcement rows with a reference answer).
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct, field

CHAT_MODEL, VISION_MODEL = "gpt-4o-mini", "gpt-4o-2024-08-06"
Row = dict[str, Any]


class Sample(Struct, frozen=True):
    """A file, for whom, and by kind on which lines something is found; of a whole file on no line."""

    data: bytes
    errors: dict[str, list[int]] = field(default_factory=dict)
    warnings: dict[str, list[int]] = field(default_factory=dict)
    method: str = "supervised"
    model: str = CHAT_MODEL
    dialect: str = "openai"


def chat(number: int = 0, **last: Any) -> Row:
    return {
        "messages": [
            {"role": "system", "content": "Marv is a factual chatbot that is also sarcastic."},
            {"role": "user", "content": f"How far is town {number} from here?"},
            {"role": "assistant", "content": f"{number} miles. Bring a sandwich.", **last},
        ]
    }


def completion(number: int = 0, text: str = " yes") -> Row:
    return {"prompt": f"Is {number} a number ->", "completion": text}


def question(number: int = 0) -> Row:
    return {"messages": [{"role": "user", "content": f"Half of {number}?"}], "reference_answer": number / 2}


def preference(number: int = 0) -> Row:
    return {
        "input": {
            "messages": [{"role": "user", "content": f"Is it cold at {number} degrees?"}],
            "tools": [],
            "parallel_tool_calls": True,
        },
        "preferred_output": [{"role": "assistant", "content": "Take a coat."}],
        "non_preferred_output": [{"role": "assistant", "content": "Maybe."}],
    }


def chosen(number: int = 0) -> Row:
    return {
        "messages": [{"role": "user", "content": f"Is it cold at {number} degrees?"}],
        "chosen": {"role": "assistant", "content": "Take a coat."},
        "rejected": {"role": "assistant", "content": "Maybe."},
    }


def call(arguments: Any = '{"altitude": 100}', **changes: Any) -> Row:
    return {
        "id": "call_id",
        "type": "function",
        "function": {"name": "takeoff_drone", "arguments": arguments},
        **changes,
    }


def drone(number: int = 0, calls: Any = None, **row: Any) -> Row:
    return {
        "messages": [
            {"role": "developer", "content": "You are an intelligent AI that controls a drone."},
            {"role": "user", "content": f"Let's get the drone {number} in the air"},
            {"role": "assistant", "tool_calls": [call()] if calls is None else calls},
        ],
        "parallel_tool_calls": False,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "takeoff_drone",
                    "description": "Initiate the drone's takeoff sequence.",
                    "parameters": {"type": "object", "properties": {"altitude": {"type": "integer"}}},
                },
            }
        ],
        **row,
    }


def answered(number: int = 0, **answer: Any) -> Row:
    row = drone(number)
    row["messages"] += [
        {"role": "tool", "tool_call_id": "call_id", "content": "in the air", **answer},
        {"role": "assistant", "content": "It flies."},
    ]
    return row


def picture(number: int = 0, url: str = "https://example.com/a.jpg", **image: Any) -> Row:
    parts = [{"type": "text", "text": f"What is on {number}?"}]
    shown = {"type": "image_url", "image_url": {"url": url, **image}}
    return {
        "messages": [
            {"role": "user", "content": [*parts, shown]},
            {"role": "assistant", "content": [{"type": "text", "text": "A wave."}]},
        ]
    }


def said(*messages: Any) -> Row:
    return {"messages": list(messages)}


USER = {"role": "user", "content": "q"}
ASSISTANT = {"role": "assistant", "content": "a"}


def text(row: Any) -> str:
    return row if isinstance(row, str) else json.dumps(row)


def data(*rows: Any, good: Any = chat, fill: int = 10) -> bytes:
    """`fill` good rows, then these: so the first of these stands on line `fill` + 1."""
    return "".join(f"{text(row)}\n" for row in (*map(good, range(fill)), *rows)).encode()


def eleventh(row: Any, *errors: str, warnings: tuple[str, ...] = (), **sample: Any) -> Sample:
    """Ten good rows and this one."""
    good = sample.pop("good", chat)
    lines = {kind: [11] for kind in errors}
    return Sample(data(row, good=good), lines, {kind: [11] for kind in warnings}, **sample)


def all_wrong(row: Any, kind: str, **sample: Any) -> Sample:
    rows = [{**row, "n": number} if isinstance(row, dict) else row for number in range(10)]
    return Sample(data(*rows, fill=0), {kind: list(range(1, 11))}, **sample)


RFT: dict[str, Any] = {"method": "reinforcement", "model": "o4-mini", "good": question}
DPO: dict[str, Any] = {"method": "dpo", "good": preference}
LEGACY: dict[str, Any] = {"dialect": "openai_legacy", "model": "curie", "good": completion}
VISION: dict[str, Any] = {"model": VISION_MODEL, "good": picture}
ALIBABA: dict[str, Any] = {"method": "dpo", "dialect": "alibaba", "model": "qwen3-14b"}
TOGETHER: dict[str, Any] = {"dialect": "together", "model": "Qwen/Qwen3-8B"}
NAMELESS = {"type": "function", "function": {"name": "takeoff_drone", "arguments": "{}"}}
TEN = data()

SAMPLES: dict[str, Sample] = {
    # What is right.
    "chat": Sample(TEN),
    "chat for a fine-tuned model": Sample(TEN, model="ft:gpt-4o-mini-2024-07-18:acme::abc"),
    "weights": eleventh(said(USER, {**ASSISTANT, "weight": 0}, USER, {**ASSISTANT, "weight": 1})),
    "tool calls": Sample(data(good=drone)),
    "answered tool calls": Sample(data(good=answered)),
    "old function calls": eleventh(
        {
            **said(
                USER,
                {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
                {"role": "function", "name": "f", "content": "1"},
                ASSISTANT,
            ),
            "functions": [{"name": "f", "parameters": {"type": "object"}}],
        }
    ),
    "a refusal": eleventh(said(USER, {"role": "assistant", "content": None, "refusal": "No."})),
    "preferences": Sample(data(good=preference), method="dpo"),
    "reinforcement": Sample(data(good=question), method="reinforcement", model="o4-mini"),
    "reinforcement of a developer": eleventh(said({"role": "developer", "content": "Prove it."}), **RFT),
    "reinforcement after an answer": eleventh(said(USER, ASSISTANT, USER), **RFT),
    "pictures": Sample(data(good=picture), model=VISION_MODEL),
    "a picture as data": eleventh(picture(url="data:image/png;base64,AAAA", detail="low"), **VISION),
    "completions": Sample(data(good=completion), model="babbage-002"),
    "one legacy row": Sample(data(completion(), fill=0), dialect="openai_legacy", model="ada"),
    "an empty legacy prompt": eleventh({"prompt": "", "completion": " once"}, **LEGACY),
    "CRLF": Sample(TEN.replace(b"\n", b"\r\n")),
    "no final newline": Sample(TEN.rstrip()),
    "blank lines at the end": Sample(TEN + b"\n \n"),
    "a pair of surrogates": eleventh('{"messages": [{"role": "assistant", "content": "\\ud83d\\ude00"}]}'),
    # The file as a whole.
    "nine": Sample(data(fill=9), {"too-few": []}),
    "nine preferences": Sample(data(good=preference, fill=9), {"too-few": []}, method="dpo"),
    "empty": Sample(b"", {"empty": []}),
    "blank": Sample(b"\n \r\n", {"empty": []}),
    "a BOM": Sample(b"\xef\xbb\xbf" + TEN, {"bom": [1]}),
    "UTF-16": Sample(TEN.decode().encode("utf-16"), {"utf-16": [1]}),
    "UTF-16 without a mark": Sample(TEN.decode().encode("utf-16-le"), {"utf-16": [1]}),
    "UTF-32": Sample(TEN.decode().encode("utf-32"), {"utf-16": [1]}),
    "gzip": Sample(b"\x1f\x8b\x08\x00" + bytes(20), {"packed": [1]}),
    "a spreadsheet": Sample(b"PK\x03\x04" + bytes(20), {"packed": [1]}),
    "Parquet": Sample(b"PAR1\x15\x04", {"packed": [1]}),
    "a git-lfs pointer": Sample(b"version https://git-lfs.github.com/spec/v1\noid a\n", {"lfs-pointer": [1]}),
    "a login page": Sample(b"<!DOCTYPE html>\n<title>Sign in</title>\n", {"web-page": [1]}),
    "CSV": Sample(b"prompt,completion\nWhat?,That.\n", {"table": [1]}),
    "TSV": Sample(b"prompt\tcompletion\nWhat?\tThat.\n", {"table": [1]}),
    "CR alone": Sample(TEN.replace(b"\n", b"\r"), {"old-line-ends": [1]}),
    "a JSON array": Sample(json.dumps([chat(n) for n in range(10)], indent=1).encode(), {"json-array": [1]}),
    "a JSON array on one line": Sample(
        json.dumps([chat(n) for n in range(10)]).encode(), {"json-array": [1]}
    ),
    "pretty-printed": Sample(json.dumps(chat(), indent=2).encode(), {"pretty-printed": [1]}),
    "half pretty": Sample(b'{"messages": [\n{"role": "user"},\n', {"pretty-printed": [1]}),
    # A line as text.
    "latin-1": Sample(TEN + '{"messages": "café"}\n'.encode("latin-1"), {"not-utf-8": [11]}),
    "a trailing comma": eleventh(json.dumps(chat(11)) + ",", "trailing-comma"),
    "trailing commas all over": Sample(TEN.replace(b"}\n", b"},\n"), {"trailing-comma": list(range(1, 11))}),
    "a Python dict": eleventh(str(chat(11)), "python-literal"),
    "two objects": eleventh(json.dumps(chat(11)) + json.dumps(chat(12)), "several-objects"),
    "an unescaped quote": eleventh('{"messages": [{"role": "user", "content": "say "hi" now"}]}', "not-json"),
    "NaN": eleventh('{"messages": [], "score": NaN}', "not-json"),
    "half a surrogate pair": eleventh(
        '{"messages": [{"role": "assistant", "content": "\\ud83d"}]}', "lone-surrogate"
    ),
    "300 levels": eleventh('{"messages": ' + "[" * 300 + "]" * 300 + "}", "too-deep"),
    "250 levels": eleventh({**chat(11), "tolls": json.loads("[" * 249 + "]" * 249)}, warnings=("row-key",)),
    "a list": eleventh("[1]", "not-an-object"),
    "lists": Sample(b"[1]\n[2]\n", {"not-an-object": [1, 2], "too-few": []}),
    "a key twice": eleventh(
        '{"messages": [{"role": "assistant", "content": "1", "content": "2"}]}',
        warnings=("duplicate-key",),
    ),
    "a blank line between": Sample(
        b"\n".join(TEN.split(b"\n", 3)[:3]) + b"\n\n" + TEN.split(b"\n", 3)[3], {}, {"blank-line": [4]}
    ),
    "a row twice": eleventh(chat(3), warnings=("duplicate-row",)),
    # Forms.
    "completions for a chat model": Sample(data(good=completion), {"wrong-form": list(range(1, 11))}),
    "chat for a completion model": Sample(data(), {"wrong-form": list(range(1, 11))}, model="davinci-002"),
    "preferences for supervised": Sample(data(good=preference), {"wrong-form": list(range(1, 11))}),
    "ShareGPT": all_wrong({"conversations": [{"from": "human", "value": "q"}]}, "foreign-form"),
    "Alpaca": all_wrong({"instruction": "q", "input": "", "output": "a"}, "foreign-form"),
    "Alpaca for DPO": all_wrong(
        {"instruction": "q", "input": "", "output": "a"}, "foreign-form", method="dpo"
    ),
    "TRL pairs": all_wrong({"prompt": "q", "chosen": "a", "rejected": "b"}, "foreign-form", method="dpo"),
    "prompt and response": all_wrong({"prompt": "q", "response": "a"}, "foreign-form", model="babbage-002"),
    "Gemini": all_wrong({"contents": [{"role": "model", "parts": []}]}, "foreign-form"),
    "no form at all": all_wrong({"x": 1}, "no-form"),
    "messages and prompt": eleventh({**chat(11), "prompt": "p", "completion": "c"}, warnings=("two-forms",)),
    "mixed rows": eleventh(completion(), "wrong-form", "mixed-forms"),
    "a field that is not known": eleventh({**chat(11), "tolls": []}, warnings=("row-key",)),
    # Completions.
    "an empty completion": eleventh(completion(11, ""), "empty-completion", **LEGACY),
    "a completion that is a number": eleventh({"prompt": "p", "completion": 1}, "not-text", **LEGACY),
    "no completion": eleventh({"prompt": "p"}, "no-field", **LEGACY),
    # Messages.
    "no messages": eleventh(said(), "no-messages"),
    "messages as text": eleventh({"messages": "hi"}, "no-messages"),
    "a message as text": eleventh(said("hi", ASSISTANT), "not-a-message"),
    "a capital role": eleventh(said(USER, {"role": "Assistant", "content": "a"}), "role"),
    "no role": eleventh(said(USER, {"content": "a"}), "no-role"),
    "no assistant": eleventh(said(USER), "no-assistant"),
    "the user last": eleventh(said(USER, ASSISTANT, USER), warnings=("last-role",)),
    "two assistants": eleventh(said(USER, ASSISTANT, ASSISTANT), warnings=("consecutive-assistants",)),
    "weight 2": eleventh(chat(11, weight=2), "weight"),
    "weight true": eleventh(chat(11, weight=True), "weight"),
    "weight 0 alone": eleventh(chat(11, weight=0), warnings=("nothing-to-learn",)),
    "weight 0 last": eleventh(
        said(USER, ASSISTANT, USER, {**ASSISTANT, "weight": 0}), warnings=("last-weight",)
    ),
    "an unknown key": eleventh(chat(11, timestamp=1), warnings=("message-key",)),
    "a name with a space": eleventh(said({**USER, "name": "Old Tom"}, ASSISTANT), warnings=("name",)),
    "an empty answer": eleventh(
        said(USER, {"role": "assistant", "content": ""}), warnings=("empty-content",)
    ),
    "null": eleventh(said(USER, {"role": "assistant", "content": None}), "no-content"),
    "no content": eleventh(said({"role": "user"}, ASSISTANT), "no-content"),
    "null of a user": eleventh(said({"role": "user", "content": None}, ASSISTANT), "content"),
    "a number": eleventh(said({"role": "user", "content": 5}, ASSISTANT), "content"),
    "an empty list": eleventh(said({"role": "user", "content": []}, ASSISTANT), "no-parts"),
    "a list of strings": eleventh(said({"role": "user", "content": ["q"]}, ASSISTANT), "part"),
    "a text part without text": eleventh(
        said({"role": "user", "content": [{"type": "text"}]}, ASSISTANT), "part"
    ),
    "a video": eleventh(said({"role": "user", "content": [{"type": "video_url"}]}, ASSISTANT), "part-type"),
    "a special token": eleventh(
        said({"role": "user", "content": "<|fim_suffix|>"}, ASSISTANT), warnings=("special-token",)
    ),
    # Pictures.
    "a picture by the assistant": eleventh(
        said(USER, {"role": "assistant", "content": picture()["messages"][0]["content"]}),
        "assistant-image",
        **VISION,
    ),
    "a picture without url": eleventh(
        said({"role": "user", "content": [{"type": "image_url", "image_url": "https://x"}]}, ASSISTANT),
        "image",
        **VISION,
    ),
    "a picture of a file": eleventh(picture(url="file:///tmp/a.png"), "image-url", **VISION),
    "a GIF": eleventh(picture(url="data:image/gif;base64,AAAA"), "image-url", **VISION),
    "a strange detail": eleventh(picture(detail="most"), "image-detail", **VISION),
    "eleven pictures": eleventh(
        said({"role": "user", "content": picture()["messages"][0]["content"][1:] * 11}, ASSISTANT),
        "too-many-images",
        **VISION,
    ),
    "pictures for another model": eleventh(picture(), warnings=("images-not-taken",)),
    # Tools.
    "tools as an object": eleventh(drone(tools={"type": "function"}), "tools"),
    "a tool without function": eleventh(drone(tools=[{"type": "function"}]), "tool"),
    "a bad function name": eleventh(
        drone(tools=[{"type": "function", "function": {"name": "take off!"}}]), "function-name"
    ),
    "parameters that are no schema": eleventh(
        drone(
            tools=[
                {"type": "function", "function": {"name": "takeoff_drone", "parameters": {"type": "objekt"}}}
            ]
        ),
        warnings=("parameters",),
    ),
    "a call without id": eleventh(
        drone(calls=[{"type": "function", "function": {"name": "f", "arguments": "{}"}}]), "tool-call"
    ),
    "a call without function": eleventh(drone(calls=[{"id": "1", "type": "function"}]), "tool-call"),
    "calls as an object": eleventh(drone(calls={"id": "1"}), "tool-calls", "no-content"),
    "arguments as an object": eleventh(drone(calls=[call({"altitude": 1})]), "arguments-type"),
    "arguments that are no JSON": eleventh(drone(calls=[call("altitude=1")]), warnings=("arguments-json",)),
    "arguments encoded twice": eleventh(drone(calls=[call('"{}"')]), warnings=("arguments-encoded-twice",)),
    "a call of what is not declared": eleventh(
        drone(calls=[call(function={"name": "land", "arguments": "{}"})]), warnings=("undeclared-tool",)
    ),
    "an answer without id": eleventh(answered(tool_call_id=None), "tool-answer"),
    "an answer to nothing": eleventh(
        answered(tool_call_id="other"), warnings=("answer-without-call", "call-without-answer")
    ),
    "parallel_tool_calls as text": eleventh(drone(parallel_tool_calls="no"), "parallel-tool-calls"),
    # Preferences and reinforcement.
    "an input that is a text": eleventh({**preference(), "input": "q"}, "preference-input", **DPO),
    "no preferred output": eleventh({"input": preference()["input"]}, "no-field", **DPO),
    "an output of the user": eleventh({**preference(11), "preferred_output": [USER]}, "output-role", **DPO),
    "an input that is answered": eleventh(
        {**preference(), "input": said(USER, ASSISTANT)}, warnings=("input-ends-with-assistant",), **DPO
    ),
    "the same outputs": eleventh(
        {**preference(11), "non_preferred_output": preference()["preferred_output"]},
        warnings=("same-outputs",),
        **DPO,
    ),
    "reinforcement that is answered": eleventh(said(USER, ASSISTANT), "last-is-not-a-question", **RFT),
    # Where the same is judged otherwise.
    "a BOM at Azure": Sample(b"\xef\xbb\xbf" + TEN, dialect="azure_openai"),
    "two assistants at Azure": eleventh(
        said(USER, ASSISTANT, ASSISTANT), "consecutive-assistants", dialect="azure_openai"
    ),
    "a pair as Alibaba has it": Sample(data(good=chosen), **ALIBABA),
    "a pair as OpenAI has it, at Alibaba": Sample(
        data(good=preference), {"wrong-form": list(range(1, 11))}, **ALIBABA
    ),
    "an answer without its role at Alibaba": eleventh(
        {**chosen(11), "chosen": {"content": "a"}}, "no-role", good=chosen, **ALIBABA
    ),
    "the same answers at Alibaba": eleventh(
        {**chosen(11), "rejected": ASSISTANT, "chosen": ASSISTANT},
        warnings=("same-outputs",),
        good=chosen,
        **ALIBABA,
    ),
    "a loss weight": eleventh(chat(11, loss_weight=0.5), dialect="alibaba", model="qwen3-14b"),
    "a loss weight of 2": eleventh(
        chat(11, loss_weight=2), "loss-weight", dialect="alibaba", model="qwen3-14b"
    ),
    "a weight at Alibaba": eleventh(
        chat(11, weight=0), warnings=("message-key", "nothing-to-learn"), dialect="alibaba", model="qwen3-14b"
    ),
    "a name at Alibaba": eleventh(
        said({**USER, "name": "tom"}, ASSISTANT),
        warnings=("message-key",),
        dialect="alibaba",
        model="qwen3-14b",
    ),
    "a question of weight 0 at Together": eleventh(said({**USER, "weight": 0}, ASSISTANT), **TOGETHER),
    "a weight of 2 at Together": eleventh(said({**USER, "weight": 2}, ASSISTANT), "weight", **TOGETHER),
    "a developer at Together": eleventh(
        said({"role": "developer", "content": "Be brief."}, USER, ASSISTANT), "role", **TOGETHER
    ),
    "a call whose id is null at Together": eleventh(
        {
            **said(USER, {"role": "assistant", "tool_calls": [{**call("{}"), "id": None}]}),
            "tools": drone()["tools"],
        },
        "tool-call",
        **TOGETHER,
    ),
    "calls without an id at Together": eleventh(
        {**said(USER, {"role": "assistant", "tool_calls": [NAMELESS]}), "tools": drone()["tools"]}, **TOGETHER
    ),
    "an undeclared tool at Together": eleventh(
        {
            **said(USER, {"role": "assistant", "tool_calls": [NAMELESS]}),
            "tools": [{"type": "function", "function": {"name": "land"}}],
        },
        "undeclared-tool",
        **TOGETHER,
    ),
    "no tools at Together": eleventh({**chat(11), "tools": []}, "no-tools", **TOGETHER),
    "a picture from elsewhere at Together": eleventh(picture(11), "image-elsewhere", **TOGETHER),
    "an answer of two messages": Sample(
        data(*[{**preference(11), "preferred_output": [ASSISTANT, ASSISTANT]}], good=preference), method="dpo"
    ),
    "an answer of two messages at Fireworks": eleventh(
        {**preference(11), "preferred_output": [ASSISTANT, ASSISTANT]},
        "one-output",
        good=preference,
        method="dpo",
        dialect="fireworks",
        model="qwen3-8b",
    ),
    "an answer of two messages at Together": eleventh(
        {**preference(11), "preferred_output": [ASSISTANT, ASSISTANT]},
        "one-output",
        good=preference,
        method="dpo",
        dialect="together",
        model="Qwen/Qwen3-8B",
    ),
    "an input that is answered at Together": eleventh(
        {**preference(), "input": said(USER, ASSISTANT)},
        "input-ends-with-assistant",
        good=preference,
        method="dpo",
        dialect="together",
        model="Qwen/Qwen3-8B",
    ),
    "nine for a model of somebody else's": Sample(data(fill=9), {}, {"too-few": []}, model="qwen-3-8b"),
    "a weight for a model of somebody else's": eleventh(
        chat(11, weight=2), warnings=("weight",), model="qwen-3-8b"
    ),
}
"""By what they are."""
