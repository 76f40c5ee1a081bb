"""Parameters by which tokens are scored, shared by every analyzer that scores them, and the scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt

from sparsebench import GroupContext, NotApplicable, PluginError
from sparsebench_plugins.analyzers.wackiness.material import Material, gather
from sparsebench_plugins.analyzers.wackiness.rankers import Ranker
from sparsebench_plugins.analyzers.wackiness.sample import Choice, draw
from sparsebench_plugins.analyzers.wackiness.scores import Preset, Scale, TokenScores, score

Positive = Annotated[int, Gt(0)]
Count = Annotated[int, Ge(0)]


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Scoring queries, and the documents that the utility of their expansion tokens is read from (METHODS 2.2).

    Example:
        >>> Sampling(ranker="bm25", depth=10).depth
        10
    """

    scoring_queries: Choice = "auto"
    """`train` (the bank), `pseudo` (first sentences of documents), `documents` or `test`; `auto` is `train` where there
    are 1,000 distinct training queries, else `pseudo`."""

    sample: Positive = 10_000
    """Scoring queries that are drawn at most, by hash and seed."""

    depth: Positive = 100
    """Documents that utility is read from."""

    ranker: Ranker = "self"
    """What ranks these documents: the model itself, `bm25`, or `qrels`, the judged relevant ones."""

    min_occurrences: Positive = 4
    """Scoring queries that a token must be an expansion of."""

    seed: Count = 0
    """Seed of all that is drawn."""

    def __post_init__(self) -> None:
        """Raise PluginError for a ranker that the scoring queries do not allow."""
        if self.ranker == "qrels" and self.scoring_queries in ("pseudo", "documents"):
            raise PluginError(
                f"ranker: qrels needs judged scoring queries, scoring_queries: {self.scoring_queries} have no "
                "judgments; use train"
            )

    def gather(self, context: GroupContext) -> Material:
        """Draw scoring queries, encode them, retrieve, and read the corpus once.

        Raises NotApplicable for a model that does not expand queries, without scoring queries, and where the ranker
        lacks what it needs.
        """
        if context.vocabulary.is_latent:
            raise NotApplicable("undefined: latent dimensions have no surface form")
        if not context.expands_queries:
            raise NotApplicable("the query side does not expand: a query's active dimensions are its own tokens")
        scoring = draw(context, choice=self.scoring_queries, size=self.sample, seed=self.seed)
        return gather(context, scoring, ranker=self.ranker, depth=self.depth)

    def score(self, material: Material, preset: Preset) -> tuple[TokenScores, Scale]:
        """Score the tokens of the material by a preset; the scale is what they were scored with."""
        scale = material.scale(preset, min_occurrences=self.min_occurrences)
        return score(material.observations, preset, scale), scale
