"""BM25 from texts to impacts: stage `bm25`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from sparsebench.types import Document
from sparsebench_plugins.models.bm25 import Bm25, FittedBm25
from sparsebench_plugins.models.bm25.corpus import CountedCorpus
from sparsebench_plugins.models.bm25.terms import Terms
from speed.bench import Bench, Item
from speed.clock import seconds_of
from speed.result import Result

STAGE = "bm25"
PASSAGES = 1_000_000
SHARD = 16_384


def items(bench: Bench) -> Iterator[Item]:
    """Fit and encode, on all cores, beside the same where a text is split twice on one core, and beside bm25s."""
    texts = bench.texts.crossed_documents(bench.size(PASSAGES, 4_000))
    ours = seconds_of(partial(fit_and_encode, texts))
    peers = {"split twice, on one core": _split_twice, "bm25s (index; no impacts by document)": _bm25s}
    for name, peer in peers.items():
        seconds = seconds_of(partial(peer, texts))
        note = "one run each, one after another"
        yield Result(STAGE, f"{len(texts):,} passages, fit and encode", name, ours, seconds, "s", note=note)


def fit_and_encode(texts: Sequence[str]) -> None:
    """Fit and encode as a run does: one pass each."""
    encoder = Bm25().fit(lambda: (Document(str(at), text) for at, text in enumerate(texts)), "cpu")
    for at in range(0, len(texts), SHARD):
        encoder.encode(texts[at : at + SHARD], "document")


def _split_twice(texts: Sequence[str]) -> None:
    """Do the same without the counts that were kept and without other processes."""
    model = Bm25()
    corpus = CountedCorpus(texts, model.splitting, processes=1)
    encoder = FittedBm25(model, Terms(model.splitting, corpus.surface), corpus)
    for at in range(0, len(texts), SHARD):
        encoder.impacts(encoder.split(texts[at : at + SHARD]))


def _bm25s(texts: Sequence[str]) -> None:
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("porter")
    tokens = bm25s.tokenize(list(texts), stopwords=None, stemmer=stemmer, show_progress=False)
    bm25s.BM25(k1=0.9, b=0.4).index(tokens, show_progress=False)
