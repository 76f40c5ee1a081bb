"""The analyzer `wackiness`: from scoring queries to W-AUC, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt

from sparsebench import Analysis, GroupAnalyzer, GroupContext, Json, NotApplicable, PluginError
from sparsebench.plots import LEFT_OUT, can_draw
from sparsebench_plugins.analyzers.wackiness.figure import draw_curve
from sparsebench_plugins.analyzers.wackiness.material import Material, gather
from sparsebench_plugins.analyzers.wackiness.rankers import Ranker
from sparsebench_plugins.analyzers.wackiness.report import curve_table, token_table
from sparsebench_plugins.analyzers.wackiness.sample import Choice, draw
from sparsebench_plugins.analyzers.wackiness.scores import (
    PAPER_CODE,
    PAPER_FORMULA,
    ROBUST,
    Idf,
    Normaliser,
    Preset,
    Scale,
    TokenScores,
    area,
    score,
    why_no_area,
)
from sparsebench_plugins.analyzers.wackiness.statistics import CURVE_BINS, curve
from sparsebench_plugins.analyzers.wackiness.uncertainty import bootstrap_interval, spread_over_parts

PresetName = Literal["paper_code", "paper_formula", "robust", "custom"]
Positive = Annotated[int, Gt(0)]
Count = Annotated[int, Ge(0)]


class Wackiness(GroupAnalyzer):
    """Wackiness of a model's query expansion on a collection (METHODS 2; Polyakov et al., arXiv 2605.19628).

    presets: `paper_code`, `paper_formula`, `robust` (W-AUC*), and `custom`, which is `robust` but for `idf`,
    `normaliser`, `exclude_special` and `exclude_unreachable`.
    scoring_queries: `train` (the bank), `pseudo` (first sentences of documents), `documents` or `test`; `auto` is
    `train` where there are 1,000 distinct training queries, else `pseudo`. At most `sample` of them, by hash and seed.
    depth: documents that utility is read from, ranked by `self`, `bm25` or `qrels` (the judged relevant ones).
    min_occurrences: scoring queries a token must be an expansion of. bootstrap: repetitions. curves: presets whose
    curve is kept, all of them by default; a suite of many models needs few.

    Values: `scoring_queries` {source, n}; `expansion_tokens_per_query`; `share_zero_utility`: share of all (query,
    expansion token) pairs with U = 0; `share_df0` and `mass_weighted`: over the tokens that `robust` keeps, the share
    that the corpus lacks, and W* weighed by the tokens' summed weights; and per preset `w_auc` (or None and the
    `reason`), the `n` tokens kept, and `two_sigma` (normaliser max) or `ci` (p99), see `uncertainty`. `plots`: why the
    curves are not drawn, or None.
    Files per preset: its token table, and its curve as a table and drawn.
    """

    def __init__(
        self,
        *,
        presets: tuple[PresetName, ...] = ("paper_code", "paper_formula", "robust"),
        scoring_queries: Choice = "auto",
        sample: Positive = 10_000,
        depth: Positive = 100,
        ranker: Ranker = "self",
        min_occurrences: Positive = 4,
        bootstrap: Count = 200,
        curves: tuple[PresetName, ...] | None = None,
        seed: Count = 0,
        idf: Idf = "df",
        normaliser: Normaliser = "p99",
        exclude_special: bool = True,
        exclude_unreachable: bool = True,
    ):
        custom = Preset(idf, normaliser, exclude_special, exclude_unreachable, area="robust")
        if custom != ROBUST and "custom" not in presets:
            raise PluginError(
                "wackiness: idf, normaliser, exclude_special and exclude_unreachable are those of the preset 'custom', "
                f"which presets: {list(presets)} leave out; add 'custom' to the presets"
            )
        if ranker == "qrels" and scoring_queries in ("pseudo", "documents"):
            raise PluginError(
                f"wackiness: ranker: qrels needs judged scoring queries, scoring_queries: {scoring_queries} have no "
                "judgments; use train or test"
            )
        known = {"paper_code": PAPER_CODE, "paper_formula": PAPER_FORMULA, "robust": ROBUST, "custom": custom}
        self.presets: Mapping[str, Preset] = {name: known[name] for name in presets}
        self.scoring_queries, self.sample, self.seed = scoring_queries, sample, seed
        self.depth, self.ranker = depth, ranker
        self.min_occurrences, self.bootstrap = min_occurrences, bootstrap
        self.curves = presets if curves is None else curves

    def analyze(self, context: GroupContext) -> Analysis:
        """Draw scoring queries, retrieve, read utilities, score. Raises NotApplicable without query expansion."""
        if not context.expands_queries:
            raise NotApplicable("the query side does not expand: a query's active dimensions are its own tokens")
        scoring = draw(context, choice=self.scoring_queries, size=self.sample, seed=self.seed)
        material = gather(context, scoring, ranker=self.ranker, depth=self.depth)
        values, files = self._common(material), {}
        for name, preset in self.presets.items():
            scale = material.scale(preset, min_occurrences=self.min_occurrences)
            scores = score(material.observations, preset, scale)
            values[name] = block = self._block(scores, preset, scale, material)
            if scores.terms.size:
                files[f"{name}.tokens.csv"] = token_table(scores, material.vocabulary, material.corpus.df)
            if block["w_auc"] is not None and name in self.curves:
                files |= _curve_files(name, curve(scores.wackiness, CURVE_BINS))
        return Analysis(values, files)

    def _block(self, scores: TokenScores, preset: Preset, scale: Scale, material: Material) -> dict[str, Json]:
        """Return the values of one preset."""
        reason = why_no_area(scores, preset, self.min_occurrences)
        if material.source == "test" and preset.area == "robust":
            reason = "the scoring queries are the test queries, which W-AUC* is never measured on"
        block: dict[str, Json] = {
            "w_auc": None if reason else area(scores.wackiness, preset),
            "reason": reason,
            "n": int(scores.terms.size),
        }
        observations = material.observations
        if preset.normaliser == "max":
            return block | {"two_sigma": None if reason else spread_over_parts(observations, preset, scale)}
        interval = {"repetitions": self.bootstrap, "seed": self.seed}
        ci = None if reason else bootstrap_interval(observations, scores, preset, scale, **interval)
        return block | {"ci": ci}

    def _common(self, material: Material) -> dict[str, Json]:
        """Return the values that belong to no preset."""
        n, evidence = material.observations.n, material.observations.evidence
        robust = score(material.observations, ROBUST, material.scale(ROBUST, min_occurrences=self.min_occurrences))
        return {
            "scoring_queries": {"source": material.source, "n": n},
            "expansion_tokens_per_query": evidence.size / n,
            "share_zero_utility": _share(evidence == 0),
            "share_df0": _share(material.corpus.df[robust.terms] == 0),
            "mass_weighted": robust.mass_weighted,
            "plots": None if can_draw() else LEFT_OUT,
        }


def _curve_files(name: str, values: np.ndarray) -> dict[str, str]:
    """The curve (C,) of a preset as a table, and drawn where that is possible."""
    files = {f"{name}.curve.csv": curve_table(values)}
    if can_draw():
        files[f"{name}.curve.svg"] = draw_curve(values, title=f"wackiness curve, {name}")
    return files


def _share(condition: np.ndarray) -> float | None:
    return float(condition.mean()) if condition.size else None
