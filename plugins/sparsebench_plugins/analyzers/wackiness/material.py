"""Data that every preset is computed from: one retrieval and one pass over the corpus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench_plugins.analyzers.wackiness.observations import Observations, expansion_entries, observe
from sparsebench_plugins.analyzers.wackiness.rankers import Ranker, rank
from sparsebench_plugins.analyzers.wackiness.scores import Preset, Scale
from sparsebench_plugins.analyzers.wackiness.statistics import inverse_document_frequency
from sparsebench_plugins.analyzers.wackiness.tokens import CorpusTerms, read_corpus

if TYPE_CHECKING:
    from sparsebench import GroupContext, Vocabulary
    from sparsebench_plugins.analyzers.wackiness.sample import ScoringQueries, Source


@dataclass(frozen=True)
class Material:
    """The observations of scoring queries from `source`, and the corpus and vocabulary that presets scale them by."""

    source: Source
    observations: Observations
    corpus: CorpusTerms
    vocabulary: Vocabulary

    def scale(self, preset: Preset, *, min_occurrences: int) -> Scale:
        """Return the idf and the excluded ids of a preset."""
        df = self.corpus.df if preset.idf == "df" else np.zeros_like(self.corpus.df)
        excluded = np.zeros(df.size, dtype=bool)
        if preset.exclude_special:
            excluded[list(self.vocabulary.special_ids)] = True
        if preset.exclude_unreachable:
            excluded[list(self.vocabulary.unreachable_ids())] = True
        return Scale(inverse_document_frequency(df, self.corpus.documents), excluded, min_occurrences)


def gather(context: GroupContext, scoring: ScoringQueries, *, ranker: Ranker, depth: int) -> Material:
    """Encode the scoring queries, rank documents for them, and read the corpus once.

    Raises NotApplicable where the ranker lacks what it needs.
    """
    vectors = context.encode_queries(scoring.texts)
    ranked = rank(context, scoring, vectors, ranker=ranker, depth=depth)
    texts = (document.text for document in context.documents())
    corpus = read_corpus(texts, context.vocabulary, np.unique(ranked[ranked >= 0]))
    expansions = expansion_entries(vectors, scoring.texts, context.vocabulary)
    return Material(scoring.source, observe(expansions, ranked, corpus), corpus, context.vocabulary)
