"""Scoring queries: the texts that wackiness is measured on, never the test queries unless asked (METHODS 2.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sparsebench import GroupContext, NotApplicable, Query

if TYPE_CHECKING:
    from sparsebench import Qrels

Source = Literal["train", "pseudo", "documents", "test"]
Choice = Literal["auto", Source]

ENOUGH_TRAINING_QUERIES = 1_000
SHORTEST_SENTENCE = 20
"""Characters. Shorter ones are mostly abbreviations ("Dr.", "Fig. 3.") and numbering."""

SENTENCE_END = re.compile(r"""[.!?]["')\]]*(?=\s|$)|[。！？]""")


@dataclass(frozen=True)
class ScoringQueries:
    """Sample of n queries of distinct texts and where they come from; `qrels` is empty where the source has no
    judgments.
    """

    source: Source
    queries: tuple[Query, ...]
    qrels: Qrels

    @property
    def texts(self) -> list[str]:
        """The n texts."""
        return [query.text for query in self.queries]


def draw(context: GroupContext, *, choice: Choice, size: int, seed: int) -> ScoringQueries:
    """Draw at most `size` scoring queries, without the texts of test queries unless these are asked for.

    Raises NotApplicable where the collection has none of the kind.
    """
    source = _resolve(context, choice)
    topics = {"train": context.bank, "test": context.test}.get(source)
    if topics is not None:
        candidates: Iterable[Query] = topics.queries
    else:
        candidates = _document_queries(context, first_sentence_only=source == "pseudo")
    tested = set() if source == "test" else {query.text for query in context.test.queries}
    allowed = (query for query in candidates if query.text not in tested)
    queries = smallest_hashes(allowed, size=size, seed=seed)
    if not queries:
        raise NotApplicable(f"{context.collection}: no scoring query with a text comes from {source!r}")
    return ScoringQueries(source, queries, topics.qrels if topics else {})


def _resolve(context: GroupContext, choice: Choice) -> Source:
    """Turn `auto` into training queries where there are enough of them, into pseudo-queries elsewhere."""
    training = {query.text for query in context.bank.queries} if context.bank else set()
    if choice == "auto":
        return "train" if len(training) >= ENOUGH_TRAINING_QUERIES else "pseudo"
    if choice == "train" and not training:
        raise NotApplicable(
            f"{context.collection}: scoring_queries: train needs training queries, and the suite gives this "
            "collection no bank; name one under `bank:`, or use scoring_queries: pseudo"
        )
    return choice


def _document_queries(context: GroupContext, *, first_sentence_only: bool) -> Iterator[Query]:
    for document in context.documents():
        text = first_sentence(document.text) if first_sentence_only else document.text
        yield Query(document.doc_id, text)


def first_sentence(text: str) -> str:
    """Return `text` up to the first sentence end that leaves at least 20 characters, or all of it."""
    text = text.strip()
    ends = (match.end() for match in SENTENCE_END.finditer(text))
    return text[: next((end for end in ends if end >= SHORTEST_SENTENCE), None)]


def smallest_hashes(candidates: Iterable[Query], *, size: int, seed: int) -> tuple[Query, ...]:
    """Return the `size` candidates whose text has the smallest hash under `seed`, in order of the hash.

    A uniform sample of the distinct texts, empty ones left out, that depends on neither the order nor the number of
    the candidates' copies (bottom-k sampling); of equal texts the first candidate stands. Memory O(size).
    """
    kept: dict[bytes, Query] = {}
    salt = seed.to_bytes(16, "little")
    for query in candidates:
        if query.text.strip():
            kept.setdefault(hashlib.blake2b(query.text.encode(), digest_size=16, salt=salt).digest(), query)
            if len(kept) >= 2 * size + 1_000:
                kept = _smallest(kept, size)
    return tuple(_smallest(kept, size).values())


def _smallest(kept: dict[bytes, Query], size: int) -> dict[bytes, Query]:
    return {key: kept[key] for key in sorted(kept)[:size]}
