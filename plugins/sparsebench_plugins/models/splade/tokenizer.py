"""Texts -> ids with the checkpoint's own fast tokenizer, and the vocabulary seen from outside."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sparsebench import ModelError, Vocabulary
from sparsebench_plugins.models.splade.checkpoint import Checkpoint
from sparsebench_plugins.models.splade.declared import DOOR, SANE_MAXIMUM

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DEFAULT_MAXIMUM = 512
_UNUSED = re.compile(r"[\[<]?unused_?\d+[\]>]?|madeupword\d+")
_SAMPLES = ("The cat sat on the mat.", "")
"""Texts on which the fast tokenizer and the one that transformers makes of it must agree."""


def load_vocabulary(checkpoint: Checkpoint, size: int) -> TokenizerVocabulary:
    """Load the tokenizer of a checkpoint whose vectors have `size` dimensions; raises ModelError."""
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            checkpoint.folder,
            local_files_only=True,
            use_fast=True,
            trust_remote_code=checkpoint.trust.remote_code,
            code_revision=checkpoint.trust.revision,
        )
    except Exception as error:  # of whatever the files of a tokenizer hold
        raise ModelError(f"the tokenizer of checkpoint {checkpoint.name!r} does not load: {error}") from error
    if not tokenizer.is_fast:
        raise ModelError(f"the tokenizer of checkpoint {checkpoint.name!r} has no fast (Rust) form")
    if checkpoint.declared.lower_case:
        _lower_case(tokenizer.backend_tokenizer)
    _check_samples(checkpoint, tokenizer)
    maximum = tokenizer.model_max_length
    return TokenizerVocabulary(
        tokenizer.backend_tokenizer,
        size=size,
        maximum=maximum if maximum <= SANE_MAXIMUM else DEFAULT_MAXIMUM,
        special_ids=frozenset(tokenizer.all_special_ids),
        keeps_end=tokenizer.truncation_side == "left",
    )


def _lower_case(tokenizer: Tokenizer) -> None:
    """Lower-case texts first, as `do_lower_case` of sentence-transformers does; its effect twice is that of once."""
    from tokenizers import normalizers

    before = [] if tokenizer.normalizer is None else [tokenizer.normalizer]
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *before])


def _check_samples(checkpoint: Checkpoint, tokenizer: Any) -> None:
    """Check that the fast tokenizer alone gives the ids: what a class in Python adds would be lost."""
    fast = tokenizer.backend_tokenizer
    fast.no_truncation()
    fast.no_padding()
    for text in _SAMPLES:
        for special in (True, False):
            ids = fast.encode(text, add_special_tokens=special).ids
            wanted = tokenizer(text, add_special_tokens=special)
            if ids != wanted["input_ids"] or any(wanted.get("token_type_ids", ())):
                raise ModelError(
                    f"the tokenizer of checkpoint {checkpoint.name!r} ({type(tokenizer).__name__}) does more than its "
                    f"fast form, which alone is used here; {DOOR}"
                )


class TokenizerVocabulary(Vocabulary):
    """The output dimensions of a masked language model: the entries of its tokenizer.

    size: V, rows of the decoder, which may be more than the tokenizer has entries. maximum: tokens that `token_ids`
    keeps. special_ids: ids that the tokenizer calls special; unused ones are added. keeps_end: whether the beginning of
    a long text is cut, and not its end. Raises ModelError for a tokenizer with ids beyond V.
    """

    def __init__(
        self, tokenizer: Tokenizer, *, size: int, maximum: int, special_ids: frozenset[int], keeps_end: bool = False
    ) -> None:
        entries = {term_id: token for token, term_id in tokenizer.get_vocab(with_added_tokens=True).items()}
        largest = max(entries)
        if largest >= size:
            raise ModelError(f"the tokenizer's id {largest} ({entries[largest]!r}) is beyond the decoder's {size} rows")
        self.size = size
        self.maximum = maximum
        self._direction = "left" if keeps_end else "right"
        self._tokenizer = tokenizer
        self._lock = threading.Lock()
        self._entries = entries
        added = tokenizer.get_added_tokens_decoder()
        unused = {i for i in range(size) if i not in entries or _UNUSED.fullmatch(entries[i])}
        self.special_ids = special_ids | unused | {i for i, token in added.items() if token.special}

    @property
    def added(self) -> int:
        """Count the special tokens that every text gets."""
        return int(self._tokenizer.num_special_tokens_to_add(is_pair=False))

    def token(self, term_id: int) -> str:
        """The entry as the vocabulary spells it: `##ing`, `Ġparis`, `▁paris`."""
        return self._entries.get(term_id, f"[no token {term_id}]")

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Implement `Vocabulary.token_ids`."""
        return self.tokenize(texts, length=self.maximum, special_tokens=False)[0]

    def tokenize(
        self, texts: Sequence[str], *, length: int | None, special_tokens: bool = True
    ) -> tuple[list[list[int]], int]:
        """Ids of each text, at most `length` (None: all), and how many of the texts were cut.

        May be called from several threads: how long texts may be is a state of the tokenizer.
        """
        with self._lock:
            self._tokenizer.no_padding()
            if length is None:
                self._tokenizer.no_truncation()
            else:
                self._tokenizer.enable_truncation(length, direction=self._direction)
            encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=special_tokens)
        return [encoding.ids for encoding in encodings], sum(bool(encoding.overflowing) for encoding in encodings)

    def id_of(self, token: str) -> int | None:
        """The id of an entry, or of the unknown token; None where there is neither."""
        found = self._tokenizer.token_to_id(token)
        unknown = getattr(self._tokenizer.model, "unk_token", None)
        return found if found is not None or unknown is None else self._tokenizer.token_to_id(unknown)

    def unreachable_ids(self) -> frozenset[int]:
        """Implement `Vocabulary.unreachable_ids`."""
        return self._unreachable

    @cached_property
    def _unreachable(self) -> frozenset[int]:
        return self.special_ids | capitalised_ids(self._tokenizer)


def capitalised_ids(tokenizer: Tokenizer) -> frozenset[int]:
    """Ids whose text changes under lower-casing followed by the tokenizer's own normaliser: no lower-cased text has
    them. Of an entry that is a piece of a character, which decodes to U+FFFD, only the rest can change."""
    changed = set()
    for token, term_id in tokenizer.get_vocab(with_added_tokens=True).items():
        text = _text(tokenizer, token)
        lowered = text.lower()
        if tokenizer.normalizer is not None:
            lowered = tokenizer.normalizer.normalize_str(lowered)
        if _without_ends(lowered) != _without_ends(text):
            changed.add(term_id)
    return frozenset(changed)


def _text(tokenizer: Tokenizer, token: str) -> str:
    """The text that an entry of the vocabulary stands for: `##ing` is ing, `Ġparis` is paris after a space."""
    prefix = getattr(tokenizer.model, "continuing_subword_prefix", None) or ""
    bare = token.removeprefix(prefix) or token
    return str(tokenizer.decoder.decode([bare])) if tokenizer.decoder is not None else bare


def _without_ends(text: str) -> str:
    """Strip the white space, or sentencepiece's mark of it, that normalisers put around words."""
    return text.strip(" \t\n\r▁")
