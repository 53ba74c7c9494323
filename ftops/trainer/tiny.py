"""`random:tiny`: a very small Llama with random weights, the same wherever it is made."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

NAME = "random:tiny"

TEMPLATE = """\
{%- if tools %}<|system|>{{ tools | tojson }}<|end|>{% endif -%}
{%- for message in messages -%}
<|{{ message['role'] }}|>{{ message['content'] }}
{%- if message['tool_calls'] %}{{ message['tool_calls'] | tojson }}{% endif -%}
<|end|>
{%- endfor -%}
{%- if add_generation_prompt %}<|assistant|>{% endif -%}
"""
_SPECIAL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>")
_SEED = 20261128
_VERSION = "tiny-1"
"""Of what is made here: a folder of an older version is left alone."""


def tiny_folder(beside: Path) -> Path:
    """Return the model's folder in `beside`, made where it is missing. Several may make it at once."""
    folder = beside / ".ftops-bases" / _VERSION
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f"{_VERSION}-", dir=folder.parent))
        try:
            _make(new)
            new.chmod(0o755)
            os.rename(new, folder)  # noqa: PTH104 # fails where another has been faster
        except OSError:
            shutil.rmtree(new, ignore_errors=True)
            if not folder.exists():
                raise
    return folder


def _make(folder: Path) -> None:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {word: number for number, word in enumerate((*_SPECIAL, *alphabet))}
    bytes_alone = Tokenizer(models.BPE(vocab=words, merges=[]))
    bytes_alone.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_alone.decoder = decoders.ByteLevel()
    bytes_alone.add_special_tokens(list(_SPECIAL))
    pad, end = _SPECIAL[:2]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_alone, pad_token=pad, eos_token=end)
    tokenizer.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
