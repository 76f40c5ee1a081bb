"""Built-in score postprocessors (METHODS 3), one module a method."""

from __future__ import annotations

from sparsebench import PostprocessorPlugin, hookimpl
from sparsebench_plugins.postprocessors.csls import Csls, CslsSingleQuery
from sparsebench_plugins.postprocessors.dbsn import Dbsn
from sparsebench_plugins.postprocessors.dsl import Dsl, DslSingleQuery
from sparsebench_plugins.postprocessors.inverted_softmax import InvertedSoftmax, InvertedSoftmaxSingleQuery
from sparsebench_plugins.postprocessors.nnn import Nnn
from sparsebench_plugins.postprocessors.none import NoCorrection
from sparsebench_plugins.postprocessors.qb_norm import QbNorm
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery


@hookimpl
def register_postprocessors() -> list[PostprocessorPlugin]:
    """Register the built-in postprocessors."""
    return [
        PostprocessorPlugin("none", NoCorrection, "raw scores"),
        PostprocessorPlugin("dsl", Dsl, "dual softmax over all test queries"),
        PostprocessorPlugin("dsl_single_query", DslSingleQuery, "dual softmax over a bank and the query"),
        PostprocessorPlugin("inverted_softmax", InvertedSoftmax, "inverted softmax over all test queries"),
        PostprocessorPlugin(
            "inverted_softmax_single_query", InvertedSoftmaxSingleQuery, "inverted softmax over a bank and the query"
        ),
        PostprocessorPlugin("sinkhorn", Sinkhorn, "Sinkhorn potentials of all test queries"),
        PostprocessorPlugin("sinkhorn_single_query", SinkhornSingleQuery, "Sinkhorn potentials of a bank"),
        PostprocessorPlugin("csls", Csls, "less the mean score of the nearest test queries"),
        PostprocessorPlugin("csls_single_query", CslsSingleQuery, "less the mean score of the nearest bank queries"),
        PostprocessorPlugin("nnn", Nnn, "less a share of the mean score of the nearest bank queries"),
        PostprocessorPlugin("qb_norm", QbNorm, "inverted softmax over a bank, for queries whose best is a hub"),
        PostprocessorPlugin("dbsn", Dbsn, "Sinkhorn potentials of a bank with documents of its own"),
    ]
