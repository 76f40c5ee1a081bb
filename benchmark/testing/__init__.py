"""The conformance kit: does a plugin keep the contract? For us, and for third parties' own tests.

    @pytest.mark.parametrize("check", postprocessor_checks(lambda: MyMethod(tau=0.5)), ids=str)
    def test_my_method_keeps_the_contract(check):
        check()

`sparsebench plugins check` runs the same on the command line. Importing this imports neither torch nor pytest.
"""

from benchmark.testing.analyzers import analyzer_checks, check_analyzer
from benchmark.testing.checks import Check, ExpectedFailure, Violation
from benchmark.testing.collections import check_collection, collection_checks
from benchmark.testing.models import check_model, model_checks
from benchmark.testing.postprocessors import check_postprocessor, postprocessor_checks

__all__ = [
    "Check",
    "ExpectedFailure",
    "Violation",
    "analyzer_checks",
    "check_analyzer",
    "check_collection",
    "check_model",
    "check_postprocessor",
    "collection_checks",
    "model_checks",
    "postprocessor_checks",
]
