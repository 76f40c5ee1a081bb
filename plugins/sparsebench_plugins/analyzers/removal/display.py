"""Display of a removal study on leaderboards: its curves as a chart."""

from __future__ import annotations

from sparsebench import Axis, Column, Curves
from sparsebench_plugins.analyzers.removal.analyzer import Removal


def curves(analyzer: Removal) -> list[Curves]:
    """One chart, of the measure that the study is about."""
    return [
        Curves(
            "Removal of wacky tokens",
            x=Axis("K, tokens removed (logarithmic)", log=True),
            y=Axis(f"change of {analyzer.measured.name}"),
            note="The K wackiest expansion tokens leave the queries, and what that does to effectiveness. The bands "
            "hold 95 % of the random removals: a line inside its band shows nothing that chance does not. Beside each "
            "name stands its mean effect over K on a logarithmic scale.",
            compare="lines",
            beside=Column("mean effect", "arms.{line}.statistic"),
        )
    ]
