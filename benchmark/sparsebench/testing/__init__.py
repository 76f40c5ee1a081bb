"""The conformance kit: checks that a plugin keeps the contract, for our tests and for those of third parties.

    @pytest.mark.parametrize("check", postprocessor_checks(lambda: MyMethod(tau=0.5)), ids=str)
    def test_my_method_keeps_the_contract(check):
        check()

`sparsebench plugins check` runs the same on the command line. `as_blocks` makes score blocks of an array, the contexts
are what analyzers read, made of `DOCUMENTS`, `QUERIES`, `QRELS` and `BANK`. Importing this imports no torch, no pytest.
"""

from sparsebench.testing.analyzers import analyzer_checks, check_analyzer
from sparsebench.testing.checks import Check, ExpectedFailure, Violation
from sparsebench.testing.collections import check_collection, collection_checks
from sparsebench.testing.contexts import cell_context, group_context, suite_context
from sparsebench.testing.models import check_model, model_checks
from sparsebench.testing.postprocessors import check_postprocessor, postprocessor_checks
from sparsebench.testing.scores import as_blocks
from sparsebench.testing.texts import BANK, DOCUMENTS, QRELS, QUERIES

__all__ = [
    "BANK",
    "Check",
    "DOCUMENTS",
    "ExpectedFailure",
    "QRELS",
    "QUERIES",
    "Violation",
    "analyzer_checks",
    "as_blocks",
    "cell_context",
    "check_analyzer",
    "check_collection",
    "check_model",
    "check_postprocessor",
    "collection_checks",
    "group_context",
    "model_checks",
    "postprocessor_checks",
    "suite_context",
]
