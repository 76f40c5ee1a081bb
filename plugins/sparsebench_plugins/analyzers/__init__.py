"""Built-in analyzers: sparsity, hubness, wackiness, removal, studies of factors and domains."""

from __future__ import annotations

from sparsebench import AnalyzerPlugin, hookimpl
from sparsebench_plugins.analyzers import display
from sparsebench_plugins.analyzers.domain_gap import DomainGap
from sparsebench_plugins.analyzers.factor_study import FactorDefinitions, FactorRemoval, FactorTrend
from sparsebench_plugins.analyzers.hubness import Hubness
from sparsebench_plugins.analyzers.removal import Removal
from sparsebench_plugins.analyzers.removal.display import curves as removal_curves
from sparsebench_plugins.analyzers.sparsity import Sparsity
from sparsebench_plugins.analyzers.wackiness import Wackiness
from sparsebench_plugins.analyzers.wackiness.display import CURVES as WACKINESS_CURVES
from sparsebench_plugins.analyzers.wackiness.display import columns as wackiness_columns
from sparsebench_plugins.analyzers.wackiness_definitions import WackinessDefinitions


@hookimpl
def register_analyzers() -> list[AnalyzerPlugin]:
    """Return those of one model on one collection, of one run, and of all records of a suite."""
    return [
        AnalyzerPlugin("domain_gap", DomainGap, "whether a gain is the same in the training domain and out of it"),
        AnalyzerPlugin("factor_definitions", FactorDefinitions, "whether every definition orders trained models alike"),
        AnalyzerPlugin("factor_removal", FactorRemoval, "whether wacky tokens are missed more in-domain, over seeds"),
        AnalyzerPlugin("factor_trend", FactorTrend, "whether wackiness goes with a factor of training, over seeds"),
        AnalyzerPlugin(
            "hubness",
            Hubness,
            "whether few documents are in many top lists and many in none",
            columns=display.hubness,
        ),
        AnalyzerPlugin(
            "removal",
            Removal,
            "whether removing the wackiest expansion tokens hurts more than others",
            curves=removal_curves,
        ),
        AnalyzerPlugin(
            "sparsity", Sparsity, "how sparse the vectors are and what their index costs", columns=display.SPARSITY
        ),
        AnalyzerPlugin(
            "wackiness",
            Wackiness,
            "how little a query's expansion tokens occur in what they retrieve",
            columns=wackiness_columns,
            curves=(WACKINESS_CURVES,),
        ),
        AnalyzerPlugin(
            "wackiness_definitions", WackinessDefinitions, "whether the order of collections hangs on the definition"
        ),
    ]
