"""Columns and curves of analyses on boards of schema 1, from before analyzers declared them.

An index of that time says nothing of columns, and the harness knew those of three analyzers by their labels. Any other
analysis with curve files was one of wackiness, and has its columns and curves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sparsebench.contracts.display import CURVE_FILE, Axis, Column, Curves, Shown
from sparsebench.records import Record
from sparsebench.records.evidence import Points
from sparsebench.types import Json

_L0 = "L0: mean active terms of a query and of a document."
_FLOPS = "FLOPS: expected term matches of a query and a document, the sum over terms of p_q p_d."
_W_AUC = "W-AUC\\*: prevalence of wacky weights (robust form; higher is wackier), empty where it is not defined."
_SKEW = (
    "N_10 skew: skewness of the number of queries that have a document among their 10 best, over all documents; the "
    "larger, the more a few hubs are in the way of the others."
)
_WACKINESS = Curves(
    "Wackiness",
    x=Axis("share of expansion tokens, wackiest first", range=(0, 1)),
    y=Axis("wackiness", range=(0, 1.02)),
    note="Expansion tokens from the wackiest to the least wacky. The area under a curve is its W-AUC: the higher, the "
    "more of a model's expansion has no lexical use.",
    first="robust",
    beside=Column("W-AUC", "{line}.w_auc", digits=3),
)
_REMOVAL = Curves(
    "Removal of wacky tokens",
    x=Axis("K, tokens removed (logarithmic)", log=True),
    y=Axis("change of the measure"),
    note="The K wackiest expansion tokens leave the queries, and what that does to effectiveness. The bands hold 95 % "
    "of the random removals: a line inside its band shows nothing that chance does not. Beside each name stands its "
    "mean effect over K on a logarithmic scale.",
    compare="lines",
    beside=Column("mean effect", "arms.{line}.statistic"),
)
_BY_LABEL = {
    "sparsity": Shown(
        (
            Column("L0 query", "l0_query", digits=1, note=_L0),
            Column("L0 document", "l0_document", digits=1, note=_L0),
            Column("FLOPS", "flops", digits=2, note=_FLOPS, cost=True),
        )
    ),
    "wackiness": Shown((Column("W-AUC*", "robust.w_auc", digits=3, note=_W_AUC),), (_WACKINESS,)),
    "hubness": Shown((Column("N_10 skew", "skewness", digits=2, note=_SKEW),)),
    "removal": Shown(curves=(_REMOVAL,)),
}


def shown_in_schema_1(records: Iterable[Record]) -> dict[str, Shown]:
    """Label -> what its analyses showed; any analysis with curve files was one of wackiness."""
    found: dict[str, bool] = {}
    for record in records:
        for label, analysis in record.analysis.items():
            found[label] = found.get(label, False) or any(map(_is_curve, analysis.get("files", ())))
    known = {label: _BY_LABEL[label] for label in _BY_LABEL if label in found}
    return known | {
        label: Shown(_BY_LABEL["wackiness"].columns, (_WACKINESS,))
        for label, drawn in found.items()
        if drawn and label not in known
    }


def lines_in_schema_1(found: Mapping[str, Json], files: Mapping[str, Points], curves: Curves) -> Mapping[str, Points]:
    """Curve file -> points of an analysis, as if it had left them in files as today.

    A removal study was values and no files. A curve of wackiness had numbered bins, which today are shares.
    """
    if curves == _REMOVAL:
        return {f"{name}{CURVE_FILE}": points for name, points in _arms(found)}
    return {
        file: [[at / (len(points) - 1 or 1), point[1]] for at, point in enumerate(points)]
        for file, points in files.items()
    }


def _arms(found: Mapping[str, Json]) -> Iterator[tuple[str, Points]]:
    for name in ("wackiest", "matched", "random", "least_wacky"):
        if arm := found.get("arms", {}).get(name):
            parts = [found["grid"], arm["effect"], *(arm[part] for part in ("low", "high") if part in arm)]
            yield name, [list(point) for point in zip(*parts, strict=True)]


def _is_curve(file: str) -> bool:
    return file.endswith(CURVE_FILE)
