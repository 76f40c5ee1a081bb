"""Turn captions into the token ids of CLIP and of BLIP, cut and padded as their authors do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sparsebench import ModelError

_SIGNS = re.compile(r"([.!\"()*#:;~])")
_SPACES = re.compile(r"\s{2,}")
BLIP_WORDS = 40


@dataclass(frozen=True)
class TokenIds:
    """Ids of N texts. ids: (N, W) int64. mask: (N, W) bool, True up to the last token. truncated: texts cut."""

    ids: np.ndarray
    mask: np.ndarray
    truncated: int


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a checkpoint's folder; raises ModelError."""
    import transformers

    try:
        return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder}: its tokenizer does not load: {error}") from error


def clip_ids(tokenizer: Any, texts: Sequence[str], length: int) -> TokenIds:
    """Tokenise as CLIP does: [SOT], the first `length` - 2 tokens, [EOT], then zeros.

    Padding is id 0 and not transformers' own ([EOT]): X-CLIP lets padding words take part, with the id that they were
    trained with, and its scores change by half of their range otherwise.
    """
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    if start is None or end is None or end < start:
        raise ModelError(
            "the tokenizer is none of CLIP: it lacks a token for start or end, or the end is not the last id"
        )
    found = _unmarked(tokenizer, texts)
    rows = [[start, *tokens[: length - 2], end] for tokens in found]
    return _padded(rows, length, sum(len(tokens) > length - 2 for tokens in found))


def blip_ids(tokenizer: Any, texts: Sequence[str], length: int) -> TokenIds:
    """Tokenise as BLIP does: [CLS], the first `length` - 2 tokens of each cleaned caption, [SEP], padded."""
    found = _unmarked(tokenizer, [cleaned(text) for text in texts])
    rows = [[tokenizer.cls_token_id, *tokens[: length - 2], tokenizer.sep_token_id] for tokens in found]
    return _padded(rows, length, sum(len(tokens) > length - 2 for tokens in found), tokenizer.pad_token_id)


def cleaned(caption: str) -> str:
    """A caption as BLIP's `pre_caption` leaves it: lower case, some signs to spaces, 40 words at most.

    Example: `cleaned("A man (left) runs!")` is `"a man left runs"`.
    """
    spaced = _SPACES.sub(" ", _SIGNS.sub(" ", caption.lower())).rstrip("\n").strip(" ")
    return " ".join(spaced.split(" ")[:BLIP_WORDS])


def _unmarked(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Ids of whole texts; the tokenizer cuts nothing and adds nothing."""
    if not texts:
        return []
    found: list[list[int]] = tokenizer(list(texts), add_special_tokens=False, truncation=False)["input_ids"]
    return found


def _padded(rows: Sequence[Sequence[int]], length: int, truncated: int, padding: int = 0) -> TokenIds:
    ids = np.full((len(rows), length), padding, dtype=np.int64)
    mask = np.zeros((len(rows), length), dtype=bool)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = True
    return TokenIds(ids, mask, truncated)
