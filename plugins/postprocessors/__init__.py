"""Score postprocessors (METHODS 3), one module per method."""

from __future__ import annotations

from benchmark import PostprocessorPlugin, hookimpl
from plugins.postprocessors.dsl import Dsl, DslSingleQuery
from plugins.postprocessors.inverted_softmax import InvertedSoftmax, InvertedSoftmaxSingleQuery
from plugins.postprocessors.none import NoCorrection
from plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery


@hookimpl
def register_postprocessors() -> list[PostprocessorPlugin]:
    """Those in the box."""
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
    ]
