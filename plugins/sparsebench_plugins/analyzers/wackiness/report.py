"""The files beside a record: the wackiest and least wacky tokens, and the curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsebench import Json
from sparsebench.plots import new_figure, style, svg
from sparsebench_plugins.analyzers.tables import csv_text

if TYPE_CHECKING:
    from sparsebench import Vocabulary
    from sparsebench_plugins.analyzers.wackiness.scores import TokenScores

TABLE_ROWS = 20


def token_table(scores: TokenScores, vocabulary: Vocabulary, df: np.ndarray) -> str:
    """CSV of the 20 most and the 20 least wacky tokens; of equal ones those that occur most, then the smaller id."""
    most = np.lexsort((scores.terms, -scores.occurrences, -scores.wackiness))[:TABLE_ROWS]
    least = np.lexsort((scores.terms, -scores.occurrences, -scores.utilities))[:TABLE_ROWS]
    header = ["end", "term_id", "token", "wackiness", "u", "occurrences", "mean_weight", "df"]
    rows = (
        [end, *_token_row(scores, vocabulary, df, index)]
        for end, indices in (("most", most), ("least", least))
        for index in indices
    )
    return csv_text(header, rows)


def _token_row(scores: TokenScores, vocabulary: Vocabulary, df: np.ndarray, index: int) -> list[Json]:
    term = int(scores.terms[index])
    occurrences = int(scores.occurrences[index])
    measured = (scores.wackiness[index], scores.utilities[index])
    mean_weight = scores.masses[index] / occurrences
    return [
        term,
        vocabulary.token(term),
        *(f"{value:.6f}" for value in measured),
        occurrences,
        f"{mean_weight:.6f}",
        df[term],
    ]


def curve_table(curve: np.ndarray) -> str:
    """CSV of the curve (C,): `tokens`, the share of tokens before the bin (0 for the first, 1 for the last), and the
    mean wackiness of the bin."""
    last = len(curve) - 1 or 1
    return csv_text(["tokens", "wackiness"], ([f"{at / last:.6g}", f"{value:.6f}"] for at, value in enumerate(curve)))


def draw_curve(curve: np.ndarray, *, title: str) -> str:
    """A wackiness curve: values (C,) in [0, 1], descending."""
    with style():
        figure, (axes,) = new_figure(1)
        axes.plot(np.arange(1, curve.size + 1), curve, color="C3")
        axes.set(xlabel="tokens, the wackiest first (bins)", ylabel="wackiness", ylim=(0, 1.02), title=title)
        return svg(figure)
