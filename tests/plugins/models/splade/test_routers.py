"""Routers, key by key: each route is read as sentence-transformers reads it, or refused by the name of the key."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade import Splade
from st_folders import DELETE, change, pooled, router, save, static, theirs_of, transformer

USAGE, ROUTER = "config_sentence_transformers.json", "router_config.json"
TEXTS = ["the cat sat on the mat.", "", "Paris DOG Paris sat", "the cat sat on a mat far away a dog running " * 9]
NAMES = ["inference-free", "two encoders", "lexical", "shared encoder"]


@pytest.fixture(scope="module")
def originals(make_checkpoint, tmp_path_factory):
    """Name -> folder of a router, as sentence-transformers saves it."""
    small, other = make_checkpoint(), make_checkpoint("bert-untied")
    same = [transformer(small), pooled()]
    routes = {
        "inference-free": ([static(small)], [transformer(small), pooled("max", "log1p_relu")]),
        "two encoders": ([transformer(other), pooled("sum")], [transformer(small), pooled()]),
        "lexical": ([transformer(small), pooled(), static(small)], [transformer(small), pooled()]),
        "shared encoder": (same, same),
    }
    return {name: save(tmp_path_factory.mktemp("router"), router(*pair)) for name, pair in routes.items()}


PATH = "sentence_transformers.sparse_encoder.modules."
SHARED: dict[str, dict[str, list[Any]]] = {
    "modules.json": {
        "0.idx": [5, None],
        "0.name": ["router", None],
        "0.path": ["elsewhere", ".."],
        "0.type": [PATH + "SparseAutoEncoder", "modeling.Mine", "sentence_transformers.base.modules.Router"],
        "0.kwargs": [[], ["task"]],
        "0.surprise": [1],
    },
    USAGE: {
        "__version__": [{}],
        "model_type": ["SentenceTransformer", DELETE],
        "prompts": [{"query": "the "}, {"document": "dog "}, {"query": "a ", "document": "cat "}, {"passage": "a "}],
        "default_prompt_name": [None, "query"],
        "similarity_fn_name": ["dot", "cosine"],
        "max_active_dims": [None, 2, 10**6, 0],
        "requirements": [{"torch": ">=2"}, {"torch": ">=99"}],
        "surprise": [None, 1],
    },
    ROUTER: {
        "parameters.default_route": [None, "query", "document"],
        "parameters.allow_empty_key": [True, False],
        "parameters.route_mappings": [
            {},
            {"('query', None)": "document"},
            {"('document', 'text')": "query"},
            {"(None, 'text')": "query"},
            {"(None, None)": "document"},
            {"('query', 'image')": "document"},
            {"('query', 'text')": "nowhere"},
            {"query": "document"},
        ],
        "parameters.surprise": [1],
        "structure.query": [DELETE, []],
        "structure.image": [[]],
        "surprise": [1],
    },
}
"""Of every router: file -> key -> values."""
OF_A_MODULE: dict[str, dict[str, dict[str, list[Any]]]] = {
    "Transformer": {
        "sentence_bert_config.json": {
            "transformer_task": ["feature-extraction", DELETE],
            "module_output_name": ["scores"],
            "modality_config": [{"text": {"method": "forward", "method_output_name": "logits"}}, {"image": {}}],
            "processing_kwargs": [None, {"text": {"max_length": 6}}, {"text": {"add_special_tokens": False}}],
            "unpad_inputs": [True],
            "query_length": [None, 4],
            "document_length": [None, 5, 400],
            "query_expansion": [None, {"strategy": "fixed", "length": 9}],
            "max_seq_length": [None, 5, 9000],
            "do_lower_case": [True],
            "tokenizer_name_or_path": ["elsewhere"],
            "model_kwargs": [{}, {"torch_dtype": "float16"}],
            "surprise": [1],
        },
        "config.json": {"attn_implementation": ["eager"]},
        "tokenizer_config.json": {"model_max_length": [6, DELETE], "truncation_side": ["left"]},
    },
    "SpladePooling": {
        "config.json": {
            "pooling_strategy": ["max", "sum", "mean", DELETE],
            "activation_function": ["relu", "log1p_relu", "gelu", DELETE],
            "embedding_dimension": [7],
            "word_embedding_dimension": [7],
            "chunk_size": [3],
            "surprise": [1],
        }
    },
    "SparseStaticEmbedding": {
        "config.json": {"frozen": [True, False, DELETE], "path": [None, "elsewhere"], "surprise": [1]},
        "tokenizer_config.json": {"model_max_length": [4, DELETE], "truncation_side": ["left"]},
    },
}
"""Of a module of a route: kind -> file -> key -> values."""
MODULES = {
    "inference-free": ["query_0_SparseStaticEmbedding", "document_0_Transformer", "document_1_SpladePooling"],
    "two encoders": [
        f"{role}_{module}" for role in ("query", "document") for module in ("0_Transformer", "1_SpladePooling")
    ],
    "lexical": ["query_0_Transformer", "query_1_SpladePooling", "query_2_SparseStaticEmbedding"],
    "shared encoder": [],
}


def mutations_of(name: str) -> list[tuple[str, str, Any]]:
    """(file, key, value) of every mutation of a router; what every router has is mutated whole in one of them."""
    files = {
        file: keys for file, keys in SHARED.items() if name in ("inference-free", "two encoders") or file == ROUTER
    }
    for folder in MODULES[name]:
        kind = folder.rpartition("_")[2]
        files |= {f"{folder}/{file}": keys for file, keys in OF_A_MODULE[kind].items()}
        files[ROUTER] = {**files[ROUTER], f"types.{folder}": [DELETE, PATH + "SparseAutoEncoder", "modeling.Mine"]}
    return [(file, key, value) for file, keys in files.items() for key in keys for value in keys[key]]


def verdict(original: Path, mutations: list[tuple[str, str, Any]]) -> str:
    """Whether vectors of both roles are those of sentence-transformers, or the message of the refusal."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(original, place, dirs_exist_ok=True))
        for mutation in mutations:
            change(folder, *mutation)
        try:
            loaded = Splade(checkpoint=str(folder)).load("cpu")
            found = {role: loaded.encode(TEXTS, role).vectors.toarray() for role in ("query", "document")}
        except ModelError as refusal:
            return str(refusal)
        for role, expected in theirs_of(folder, TEXTS).items():
            np.testing.assert_allclose(found[role], expected, atol=1e-4, err_msg=f"{role}: {mutations}")
    return "equal"


def names(key: str, value: Any) -> set[str]:
    """Words of which a refusal must have one: the key, or what it was set to."""
    inside = [*value, *value.values()] if isinstance(value, dict) else [str(value).rpartition(".")[2]]
    return {key.rpartition(".")[2], *map(str, inside)}


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_a_router_is_read_as_sentence_transformers_reads_it_or_refused_by_name(name, originals):
    verdicts = {"untouched": verdict(originals[name], [])}
    for file, key, value in mutations_of(name):
        said = verdict(originals[name], [(file, key, value)])
        assert said == "equal" or any(word in said for word in names(key, value)), (file, key, value, said)
        assert said != "equal" or "surprise" not in key, (file, key)
        verdicts[f"{file} {key} {value}"] = said
    assert verdicts["untouched"] == verdicts[f"{ROUTER} parameters.allow_empty_key False"] == "equal"


PAIRS = st.sampled_from(NAMES[:3]).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.lists(st.sampled_from(mutations_of(name)), min_size=2, max_size=3, unique_by=lambda each: each[:2]),
    )
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(PAIRS)
def test_keys_of_a_router_that_change_together_are_read_together_or_refused(originals, changed):
    name, mutations = changed
    event("equal" if verdict(originals[name], mutations) == "equal" else "refused")


WEIGHTS = "query_0_SparseStaticEmbedding/model.safetensors"


def test_the_weights_of_tokens_are_those_of_the_file(originals, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(originals["inference-free"], tmp_path / "folder"))
    before = theirs_of(folder, TEXTS)
    save_file({"weight": load_file(folder / WEIGHTS)["weight"].flip(0).contiguous()}, folder / WEIGHTS)
    assert verdict(folder, []) == "equal"
    after = theirs_of(folder, TEXTS)
    assert not np.allclose(after["query"], before["query"])
    np.testing.assert_array_equal(after["document"], before["document"])


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_route_in_a_folder_of_a_repository_is_read_with_what_lies_beside_it(originals, tmp_path, monkeypatch):
    """`owner/name/route`, as the advice of older releases had it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--owner--name" / "snapshots" / COMMIT
    shutil.copytree(originals["two encoders"], snapshot)
    routes = {role: f"owner/name/{role}_0_Transformer" for role in ("query", "document")}
    splade = Splade(
        checkpoint=routes["document"], revision=COMMIT, query_checkpoint=routes["query"], query_revision=COMMIT
    ).load("cpu")
    for role, expected in theirs_of(snapshot, TEXTS).items():
        np.testing.assert_allclose(splade.encode(TEXTS, role).vectors.toarray(), expected, atol=1e-4)


def test_a_length_of_the_suite_in_place_of_a_declared_one_is_on_record(originals, tmp_path):
    folder = Path(shutil.copytree(originals["two encoders"], tmp_path / "folder"))
    change(folder, "document_0_Transformer/sentence_bert_config.json", "max_seq_length", 9)
    assert Splade(checkpoint=str(folder)).about()["overrides"] == []
    cut = Splade(checkpoint=str(folder), max_document_length=5, max_query_length=260).about()
    assert cut["overrides"] == ["documents: 5 tokens, declared 9"]
    assert cut["lengths"] == {"query": 260, "document": 5}
