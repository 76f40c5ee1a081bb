"""Display of wackiness on leaderboards: W-AUC as a column, its curves as a chart."""

from __future__ import annotations

from sparsebench import Axis, Column, Curves
from sparsebench_plugins.analyzers.wackiness.analyzer import Wackiness

NOTE = "W-AUC\\*: prevalence of wacky weights (robust form; higher is wackier), empty where it is not defined."
CURVES = Curves(
    "Wackiness",
    x=Axis("share of expansion tokens, wackiest first", range=(0, 1)),
    y=Axis("wackiness", range=(0, 1.02)),
    note="Expansion tokens from the wackiest to the least wacky. The area under a curve is its W-AUC: the higher, the "
    "more of a model's expansion has no lexical use.",
    first="robust",
    beside=Column("W-AUC", "{line}.w_auc", digits=3),
)


def columns(analyzer: Wackiness) -> list[Column]:
    """W-AUC*, the robust form, where the analysis computes it, else W-AUC of each preset; and of a custom one."""
    presets = [name for name in analyzer.scored if name == "custom" or "robust" not in analyzer.presets]
    robust = [Column("W-AUC*", "robust.w_auc", digits=3, note=NOTE)] if "robust" in analyzer.presets else []
    return [
        *robust,
        *(
            Column(
                f"W-AUC {preset}",
                f"{preset}.w_auc",
                digits=3,
                note=f"W-AUC {preset}: prevalence of wacky weights by the preset `{preset}`; higher is wackier.",
            )
            for preset in presets
        ),
    ]
