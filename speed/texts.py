"""Texts to encode: BEIR folders in SPARSEBENCH_DATA, or words of the collection that the package brings."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sparsebench_plugins.collections

SEED = 0
MINI = Path(sparsebench_plugins.collections.__file__).parent / "mini"


@dataclass(frozen=True)
class Texts:
    """Documents and queries in random order. source: where they come from, for people."""

    documents: list[str]
    queries: list[str]
    source: str

    def crossed_documents(self, count: int) -> list[str]:
        """Return as many as wanted: the documents, then halves of two of them, as long as these on average."""
        firsts = [text[: len(text) // 2] for text in self.documents]
        seconds = [text[len(text) // 2 :] for text in self.documents]
        generator = random.Random(SEED)
        more = range(count - len(self.documents))
        return self.documents[:count] + [f"{generator.choice(firsts)} {generator.choice(seconds)}" for _ in more]


def read_texts() -> Texts:
    """All texts there are."""
    root = os.environ.get("SPARSEBENCH_DATA", "")
    folders = sorted(path.parent for path in Path(root).glob("*/corpus.jsonl")) if root else []
    if folders:
        documents = [text for folder in folders for text in _jsonl(folder / "corpus.jsonl")]
        queries = [text for folder in folders for text in _jsonl(folder / "queries.jsonl")]
        source = ", ".join(folder.name for folder in folders)
    else:
        documents, queries = _synthetic()
        source = "made of words of mini/web (set SPARSEBENCH_DATA for real texts)"
    generator = random.Random(SEED)
    return Texts(generator.sample(documents, len(documents)), generator.sample(queries, len(queries)), source)


def _jsonl(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            text = f"{entry.get('title') or ''} {entry['text']}".strip()
            if text:
                yield text


def _synthetic() -> tuple[list[str], list[str]]:
    """Texts of random words of the shipped collection, as long as passages and queries are."""
    words = [word for path in sorted(MINI.rglob("corpus.jsonl")) for text in _jsonl(path) for word in text.split()]
    generator = random.Random(SEED)
    documents = [" ".join(generator.choices(words, k=generator.randint(20, 150))) for _ in range(20_000)]
    queries = [" ".join(generator.choices(words, k=generator.randint(2, 12))) for _ in range(2_000)]
    return documents, queries
