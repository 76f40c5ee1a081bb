"""The analyzer `wackiness`: from scoring queries to W-AUC, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sparsebench import Analysis, GroupAnalyzer, GroupContext, Json
from sparsebench.plots import LEFT_OUT, can_draw
from sparsebench_plugins.analyzers.wackiness.material import Material
from sparsebench_plugins.analyzers.wackiness.report import curve_table, draw_curve, token_table
from sparsebench_plugins.analyzers.wackiness.sampling import Count, Sampling
from sparsebench_plugins.analyzers.wackiness.scores import (
    PRESETS,
    ROBUST,
    Preset,
    Scale,
    TokenScores,
    area,
    why_no_area,
)
from sparsebench_plugins.analyzers.wackiness.statistics import CURVE_BINS, curve
from sparsebench_plugins.analyzers.wackiness.uncertainty import bootstrap_interval, spread_over_parts

PresetName = Literal["paper_code", "paper_formula", "robust"]


@dataclass(frozen=True, kw_only=True)
class Wackiness(Sampling, GroupAnalyzer):
    """Wackiness of a model's query expansion on a collection (METHODS 2; Polyakov et al., arXiv 2605.19628).

    Values: `scoring_queries` {source, n}; `expansion_tokens_per_query`; `share_zero_utility`: share of all (query,
    expansion token) pairs with U = 0; `share_df0` and `mass_weighted`: over the tokens that `robust` keeps, the share
    that the corpus lacks, and W* weighed by the tokens' summed weights; and per preset `w_auc` (or None and the
    `reason`), the `n` tokens kept, and `two_sigma` (normaliser max) or `ci` (p99), see `uncertainty`. `plots`: why the
    curves are not drawn, or None.
    Files per preset: its token table, and its curve as a table and drawn.
    """

    presets: tuple[PresetName, ...] = ("paper_code", "paper_formula", "robust")
    """Ways to score tokens; `robust` is that of W-AUC*."""

    custom: Preset | None = None
    """One more preset, of the name `custom`: a mapping with what differs from `robust`."""

    curves: tuple[PresetName | Literal["custom"], ...] | None = None
    """Presets whose curve is kept, all of them by default; a suite of many models needs few."""

    bootstrap: Count = 200
    """Repetitions of the bootstrap."""

    @property
    def scored(self) -> Mapping[str, Preset]:
        """The presets that are computed, by name."""
        named = {name: PRESETS[name] for name in self.presets}
        return named | ({"custom": self.custom} if self.custom else {})

    def analyze(self, context: GroupContext) -> Analysis:
        """Draw scoring queries, retrieve, read utilities, score. Raises NotApplicable without query expansion."""
        material = self.gather(context)
        values, files = self._common(material), {}
        for name, preset in self.scored.items():
            scores, scale = self.score(material, preset)
            values[name] = block = self._block(scores, preset, scale, material)
            if scores.terms.size:
                files[f"{name}.tokens.csv"] = token_table(scores, material.vocabulary, material.corpus.df)
            if block["w_auc"] is not None and (self.curves is None or name in self.curves):
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
        robust, _ = self.score(material, ROBUST)
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
