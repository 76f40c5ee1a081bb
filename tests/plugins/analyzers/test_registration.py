from __future__ import annotations

import subprocess
import sys

import pytest

import sparsebench_plugins.analyzers
from sparsebench.registry.parameters import ParameterError, validate
from sparsebench_plugins.analyzers import Sparsity, Wackiness
from sparsebench_plugins.analyzers.wackiness import Preset


def test_the_analyzers_are_registered_under_their_names():
    registered = {plugin.name: plugin.factory for plugin in sparsebench_plugins.analyzers.register_analyzers()}
    assert {name: factory.level for name, factory in registered.items()} == {
        "domain_gap": "suite",
        "factor_definitions": "suite",
        "factor_removal": "suite",
        "factor_trend": "suite",
        "hubness": "cell",
        "removal": "group",
        "sparsity": "group",
        "wackiness": "group",
        "wackiness_definitions": "suite",
    }


def test_importing_the_analyzers_imports_neither_torch_nor_transformers_nor_bm25s():
    code = (
        "import sys, sparsebench_plugins.analyzers as a; [p.factory() for p in a.register_analyzers()]; "
        "print([m for m in ('torch', 'transformers', 'bm25s', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded.strip() == "[]"


def test_a_suite_can_write_every_parameter():
    asked = {
        "presets": ["robust"],
        "custom": {"idf": "constant"},
        "scoring_queries": "pseudo",
        "ranker": "bm25",
        "seed": 3,
    }
    assert validate(Wackiness, asked) == validate(Wackiness, {}) | asked | {
        "presets": ("robust",),
        "custom": Preset(idf="constant"),
    }
    assert validate(Sparsity, {}) == {"reference_queries": None}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"presets": ["papercode"]}, "'paper_code', 'paper_formula' or 'robust', not 'papercode'"),
        ({"scoring_queries": "dev"}, "'auto', 'train', 'pseudo', 'documents' or 'test', not 'dev'"),
        ({"sample": 0}, "'sample' should be greater than 0"),
        ({"seed": -1}, "'seed' should be greater than or equal to 0"),
        ({"ranker": "qrels", "scoring_queries": "pseudo"}, "needs judged scoring queries"),
        ({"custom": {"normalizer": "max"}}, "unknown parameter 'normalizer'. Did you mean 'normaliser'?"),
        ({"custom": {"idf": "tf"}}, "'idf' should be 'df' or 'constant', not 'tf'"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_there_is(wrong: dict, message: str):
    with pytest.raises(ParameterError) as caught:
        validate(Wackiness, wrong)
    assert message in str(caught.value)
