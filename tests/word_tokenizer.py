"""A tokenizer for the small models that tests build: every word it knows is one token."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["SPECIAL", "write_tokenizer"]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")  # their ids come first


def write_tokenizer(folder: Path, words: Sequence[str]) -> None:
    """Write `tokenizer.json` for pairs of texts: [CLS] one [SEP] other [SEP].

    Args:
        folder: Where it is written.
        words: The words it knows, in lower case and in the order of their ids; it is blind to all
            others.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    numbers = {word: number for number, word in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, numbers[name]) for name in ("[CLS]", "[SEP]")],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
