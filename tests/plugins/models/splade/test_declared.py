"""Folders of sentence-transformers, key by key: honoured as it does itself, or refused by name."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade.declared import LISTS
from st_folders import DELETE, TEXTS, change, ours, pooled, router, save, static, theirs, transformer

SENTENCE = "sentence_bert_config.json"
USAGE = "config_sentence_transformers.json"
POOLING = "1_SpladePooling/config.json"
ROUTER = "router_config.json"


@pytest.fixture(scope="module")
def originals(make_checkpoint, tmp_path_factory):
    """Name -> folder, as sentence-transformers saves them: one encoder, and three routers."""
    small, other = make_checkpoint(), make_checkpoint("bert-untied")
    chains = {
        "one encoder": [transformer(small), pooled()],
        "inference-free": [router([static(small)], [transformer(small), pooled("max", "log1p_relu")])],
        "two encoders": [router([transformer(other), pooled("sum")], [transformer(small), pooled()])],
        "lexical": [router([transformer(small), pooled(), static(small)], [transformer(small), pooled()])],
    }
    return {name: save(tmp_path_factory.mktemp("original"), *chain) for name, chain in chains.items()}


@pytest.fixture
def folder_of(originals, tmp_path):
    return lambda name: Path(shutil.copytree(originals[name], tmp_path / "folder", dirs_exist_ok=True))


def assert_equal(folder, **parameters):
    for role in ("query", "document"):
        found = ours(Splade(checkpoint=str(folder), **parameters), role)
        np.testing.assert_allclose(found, theirs(folder, role), atol=1e-4, err_msg=role)


@pytest.mark.parametrize("name", ["one encoder", "inference-free", "two encoders", "lexical"])
def test_a_folder_gives_the_vectors_of_sentence_transformers_in_both_roles(name, folder_of):
    assert_equal(folder_of(name))


PROMPTS = {"query": "dog ", "document": "cat "}
HONOURED = [
    ("one encoder", SENTENCE, "max_seq_length", 9),
    ("one encoder", SENTENCE, "query_length", 6),
    ("one encoder", SENTENCE, "document_length", 6),
    ("one encoder", SENTENCE, "processing_kwargs", {"text": {"max_length": 5}}),
    ("one encoder", SENTENCE, "processing_kwargs", {"text": {"max_length": 5, "truncation": True, "padding": True}}),
    ("one encoder", SENTENCE, "do_lower_case", True),
    ("one encoder", USAGE, "prompts", PROMPTS),
    ("one encoder", USAGE, "max_active_dims", 3),
    ("one encoder", POOLING, "pooling_strategy", "sum"),
    ("one encoder", POOLING, "activation_function", "log1p_relu"),
    ("one encoder", "tokenizer_config.json", "model_max_length", 8),
    ("one encoder", "tokenizer_config.json", "truncation_side", "left"),
    ("inference-free", USAGE, "prompts", PROMPTS),
    ("inference-free", USAGE, "max_active_dims", 2),
    ("inference-free", "query_0_SparseStaticEmbedding/tokenizer_config.json", "model_max_length", 4),
    ("two encoders", "query_1_SpladePooling/config.json", "activation_function", "log1p_relu"),
    ("two encoders", "document_0_Transformer/" + SENTENCE, "max_seq_length", 8),
    ("two encoders", ROUTER, "parameters.route_mappings", {"('query', 'text')": "document", "(None, None)": "query"}),
    ("lexical", USAGE, "max_active_dims", 2),
]


@pytest.mark.parametrize(("name", "file", "key", "value"), HONOURED)
def test_what_is_honoured_changes_the_vectors_as_in_sentence_transformers(name, file, key, value, originals, folder_of):
    folder = change(folder_of(name), file, key, value)
    assert_equal(folder)
    changed = [theirs(folder, role) != theirs(originals[name], role) for role in ("query", "document")]
    assert any(each.any() for each in changed), "the value must matter, or this test shows nothing"


@pytest.mark.parametrize("length", [1, 2])
def test_a_length_below_that_of_the_special_tokens_is_refused_as_no_tokenizer_cuts_there(length, folder_of):
    folder = change(folder_of("one encoder"), SENTENCE, "max_seq_length", length)
    if length == 1:
        with pytest.raises(ModelError, match="a length of 1 tokens: the tokenizer alone adds 2 special ones"):
            Splade(checkpoint=str(folder)).load("cpu")
    else:
        assert_equal(folder)


@pytest.mark.parametrize(("content", "said"), [("[]", "does not load"), ("null", "does not load")])
def test_a_tokenizer_that_is_none_is_refused(content, said, folder_of):
    folder = folder_of("one encoder")
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError, match=f"the tokenizer of checkpoint .* {said}"):
        Splade(checkpoint=str(folder)).load("cpu")


def test_a_folder_in_place_of_a_file_is_refused_by_name(folder_of):
    folder = folder_of("one encoder")
    (folder / POOLING).unlink()
    (folder / POOLING).mkdir()
    with pytest.raises(ModelError, match=r"config\.json: cannot be read: Is a directory"):
        Splade(checkpoint=str(folder)).identity("document")


def test_the_most_active_dimensions_that_a_folder_declares_are_kept(tiny_splade_dir, tmp_path):
    """As sentence-transformers saves it since 6.2 (its issue 4046); texts have more than 3 without it."""
    folder = save(tmp_path / "f", transformer(tiny_splade_dir), pooled(), max_active_dims=3)
    assert json.loads((folder / USAGE).read_text())["max_active_dims"] == 3
    assert_equal(folder)
    found = ours(Splade(checkpoint=str(folder)), "document")
    assert np.count_nonzero(found, axis=1).max() == 3
    every = ours(Splade(checkpoint=str(folder), document_prune=10**6), "document")
    assert np.count_nonzero(every, axis=1).max() > 3


NOTHING = [
    (SENTENCE, "unpad_inputs", False),
    (USAGE, "__version__", {"sentence_transformers": "5.0.0"}),
    (USAGE, "default_prompt_name", "query"),
    (POOLING, "chunk_size", 2),
    (POOLING, "embedding_dimension", 99),
    ("modules.json", "0.idx", 7),
    ("tokenizer_config.json", "padding_side", "left"),
    ("config.json", "attn_implementation", "eager"),
]


@pytest.mark.parametrize(("file", "key", "value"), NOTHING)
def test_what_changes_nothing_leaves_the_vectors(file, key, value, originals, folder_of):
    folder = change(folder_of("one encoder"), file, key, value)
    assert_equal(folder)
    np.testing.assert_allclose(theirs(folder, "document"), theirs(originals["one encoder"], "document"), atol=1e-5)


CSR = "sentence_transformers.sparse_encoder.modules.SparseAutoEncoder"
REFUSED = [
    ("modules.json", "0.kwargs", ["task"], r"kwargs is \['task'\].*`sparse_encoder`"),
    ("modules.json", "1.name", "0", "two modules have one name"),
    ("modules.json", "1.name", None, "`name` must be text"),
    ("modules.json", "1.path", "../elsewhere", "lies outside the folder"),
    ("modules.json", "1.type", "modeling_light.LightSpladePooling", "`sparse_encoder` with `trust_remote_code: true`"),
    ("modules.json", "1.type", CSR, r"Transformer \+ SparseAutoEncoder is not supported.*`sparse_encoder`"),
    (SENTENCE, "transformer_task", "feature-extraction", "'feature-extraction'.*`sparse_encoder`"),
    (SENTENCE, "query_expansion", {"strategy": "min", "length": 9}, "tokens appended to queries; .*`sparse_encoder`"),
    (SENTENCE, "module_output_name", "sentence_embedding", "must be token_embeddings"),
    (SENTENCE, "modality_config", {"message": {}}, "must be the logits of forward, for text alone"),
    (
        SENTENCE,
        "processing_kwargs",
        {"text": {"add_special_tokens": False}},
        "processing_kwargs.text.add_special_tokens",
    ),
    (SENTENCE, "model_kwargs", {"torch_dtype": "float16"}, "arguments for transformers' loaders; .*`sparse_encoder`"),
    (SENTENCE, "tokenizer_name_or_path", "bert-base-uncased", "a tokenizer from elsewhere; save it into the folder"),
    (SENTENCE, "max_seq_length", "9", "a length of '9', which is no positive number"),
    (SENTENCE, "soft_prompt", 3, "'soft_prompt' is not known here"),
    (USAGE, "model_type", "SentenceTransformer", '"model_type": "SparseEncoder"'),
    (USAGE, "model_type", DELETE, '"model_type": "SparseEncoder"'),
    (USAGE, "similarity_fn_name", "cosine", "for cosine the model `sparse_encoder`"),
    (USAGE, "similarity_fn_name", "euclidean", "'euclidean'"),
    (USAGE, "max_active_dims", 0, "max_active_dims is 0"),
    (USAGE, "default_prompt_name", "sts", "there is no such prompt"),
    (USAGE, "prompts", {"passage": "cat "}, "there is a prompt 'passage' .*`document_prompt` of the suite"),
    (USAGE, "requirements", {"torch": ">=99"}, "requires torch >=99; installed is 2"),
    (USAGE, "requirements", {"no_such_package": ">=1"}, "requires no_such_package >=1; installed is None"),
    (USAGE, "matryoshka", True, "'matryoshka' is not known here"),
    (POOLING, "pooling_strategy", "mean", "'mean', which sentence-transformers refuses as well"),
    (POOLING, "activation_function", "gelu", "'gelu', which sentence-transformers refuses as well"),
    (POOLING, "temperature", 2, "'temperature' is not known here"),
]


@pytest.mark.parametrize(("file", "key", "value", "said"), REFUSED)
def test_what_would_be_left_out_of_the_numbers_is_refused_by_name_with_the_way_on(file, key, value, said, folder_of):
    folder = change(folder_of("one encoder"), file, key, value)
    with pytest.raises(ModelError, match=said):
        Splade(checkpoint=str(folder)).identity("document")


def test_what_a_router_does_not_say_is_refused(folder_of):
    for key, value, said in (
        ("gate", 1, "'gate' is not known here"),
        ("parameters.temperature", 1, "'temperature' is not known here"),
        ("structure", {"image": []}, "structure has no modules for 'image'"),
        ("structure", {"image": ["document_0_Transformer"]}, r"no route for a query \('text'\); there is: image"),
        ("parameters.route_mappings", {"query": "query"}, "no pair of role and modality"),
    ):
        folder = change(folder_of("inference-free"), ROUTER, key, value)
        with pytest.raises(ModelError, match=said):
            Splade(checkpoint=str(folder)).identity("query")


def test_prompts_that_cannot_be_known_are_asked_for(folder_of):
    """Authors who call `encode` use the default prompt, those who call `encode_document` do not."""
    folder = change(folder_of("one encoder"), USAGE, "prompts", {"query": "dog ", "document": ""})
    change(folder, USAGE, "default_prompt_name", "query")
    with pytest.raises(ModelError, match=r"default_prompt_name is 'query'.*`query_prompt` and `document_prompt`"):
        Splade(checkpoint=str(folder)).identity("query")
    assert_equal(folder, query_prompt="dog ", document_prompt="")


def test_a_suite_s_number_wins_over_the_folder_s(folder_of):
    folder = change(folder_of("one encoder"), SENTENCE, "max_seq_length", 9)
    for key, value in (("max_active_dims", 3), ("prompts", PROMPTS)):
        change(folder, USAGE, key, value)
    declared = Splade(checkpoint=str(folder)).identity("query")
    assert (declared["length"], declared["prune"], declared["prompt"]) == (9, 3, "dog ")
    own = Splade(checkpoint=str(folder), max_query_length=5, query_prune=2, query_prompt="").identity("query")
    assert (own["length"], own["prune"], own["prompt"]) == (5, 2, "")


def test_a_plain_folder_declares_no_length(make_checkpoint):
    assert Splade(checkpoint=str(make_checkpoint())).identity("query")["length"] == 256


@pytest.mark.parametrize(
    ("name", "given", "declared"), [("pooling", "max", "sum"), ("activation", "relu", "log1p_relu")]
)
def test_a_parameter_that_contradicts_the_folder_is_an_error(name, given, declared, folder_of):
    folder = change(folder_of("one encoder"), POOLING, "pooling_strategy", "sum")
    change(folder, POOLING, "activation_function", "log1p_relu")
    with pytest.raises(ModelError, match=f"{name}: '{given}' contradicts .* modules.json says '{declared}'"):
        Splade(checkpoint=str(folder), **{name: given}).identity("query")
    assert Splade(checkpoint=str(folder), **{name: declared}).identity("query")[name] == declared


def older(folder):
    """The layout of sentence-transformers 5: MLMTransformer by its old path, and no task."""
    modules = json.loads((folder / "modules.json").read_text())
    for module, kind in zip(modules, ("MLMTransformer", "SpladePooling"), strict=True):
        module["type"] = f"sentence_transformers.sparse_encoder.models.{kind}"
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / SENTENCE).write_text(json.dumps({"max_seq_length": 32, "do_lower_case": False}))
    (folder / POOLING).write_text(json.dumps({"pooling_strategy": "sum", "word_embedding_dimension": 20}))
    return folder


def test_the_older_layout_is_read_as_well(folder_of):
    folder = older(folder_of("one encoder"))
    assert Splade(checkpoint=str(folder)).identity("query")["pooling"] == "sum"
    assert_equal(folder)


def test_an_older_name_of_the_transformer_s_file_is_read(folder_of):
    folder = folder_of("one encoder")
    (folder / SENTENCE).rename(folder / "sentence_distilbert_config.json")
    change(folder, "sentence_distilbert_config.json", "max_seq_length", 8)
    assert_equal(folder)


def test_a_transformer_in_a_folder_of_its_own_is_found(folder_of):
    folder = folder_of("one encoder")
    inner = folder / "0_Transformer"
    inner.mkdir()
    for path in [path for path in folder.iterdir() if path.is_file() and path.name not in ("modules.json", USAGE)]:
        path.rename(inner / path.name)
    change(folder, "modules.json", "0.path", inner.name)
    assert_equal(folder)


def test_a_router_whose_document_route_lies_in_the_root_is_read(folder_of):
    """As OpenSearch publishes its inference-free models: the folder is a plain model as well."""
    folder = folder_of("inference-free")
    for path in (folder / "document_0_Transformer").iterdir():
        path.rename(folder / path.name)
    text = (folder / ROUTER).read_text().replace("document_0_Transformer", "")
    (folder / ROUTER).write_text(text)
    (folder / "idf.json").write_text("{}")
    assert_equal(folder)


def test_a_route_s_own_folder_brings_the_pooling_beside_it(folder_of):
    """Given alone, the folder of a route once lost the pooling and the activation that its sibling declares."""
    folder = folder_of("two encoders")
    parameters = {
        "checkpoint": str(folder / "document_0_Transformer"),
        "query_checkpoint": str(folder / "query_0_Transformer"),
    }
    for role in ("query", "document"):
        found = ours(Splade(**parameters), role)
        np.testing.assert_allclose(found, theirs(folder, role), atol=1e-4)


def test_one_route_s_folder_does_not_stand_for_both(folder_of):
    folder = folder_of("two encoders")
    with pytest.raises(ModelError, match=r"is one route of .*, and a query takes another; give that folder itself"):
        Splade(checkpoint=str(folder / "document_0_Transformer")).load("cpu")


def test_query_weights_that_are_none_are_refused(folder_of):
    from safetensors.torch import load_file, save_file

    folder = folder_of("inference-free")
    path = folder / "query_0_SparseStaticEmbedding" / "model.safetensors"
    weight = load_file(path)["weight"]
    save_file({"weight": -weight}, path)
    with pytest.raises(ModelError, match="negative or not finite"):
        Splade(checkpoint=str(folder)).load("cpu")
    save_file({"weight": weight, "more": weight.clone()}, path)
    with pytest.raises(ModelError, match="holds more, weight, and not one `weight`"):
        Splade(checkpoint=str(folder)).load("cpu")


VALUES = {
    "modules.json": {
        "0.idx": [5, None],
        "1.name": ["0", "x", None],
        "1.path": ["", "..", "1_SpladePooling"],
        "1.type": [CSR, "modeling.Mine", "sentence_transformers.models.Normalize"],
        "0.kwargs": [[], ["task"]],
        "0.surprise": [1],
    },
    USAGE: {
        "__version__": [{}, {"sentence_transformers": "6.0"}],
        "model_type": ["SparseEncoder", "CrossEncoder", DELETE],
        "prompts": [{}, {"query": "the "}, {"document": "dog "}, {"query": None}, {"passage": "a "}, {"other": "a "}],
        "default_prompt_name": [None, "query", "other"],
        "similarity_fn_name": [None, "dot", "cosine", "maxsim"],
        "max_active_dims": [None, 1, 4, 10**6, -1],
        "requirements": [None, {}, {"torch": ">=2"}, {"torch": {"specifier": "<2", "reason": "old"}}, 3],
        "surprise": [None, 1],
    },
    SENTENCE: {
        "transformer_task": ["fill-mask", "feature-extraction", DELETE],
        "modality_config": [DELETE, {"text": {"method": "forward", "method_output_name": "logits"}}],
        "module_output_name": ["token_embeddings", "scores", DELETE],
        "processing_kwargs": [None, {}, {"text": {"max_length": 6}}, {"text": {"truncation": False}}, {"common": {}}],
        "unpad_inputs": [None, True, False],
        "query_length": [None, 4, 400],
        "document_length": [None, 4],
        "query_expansion": [None, {"strategy": "fixed", "length": 9}],
        "max_seq_length": [None, 5, 9000],
        "do_lower_case": [True, False],
        "tokenizer_name_or_path": [None, "elsewhere"],
        "model_kwargs": [{}, {"torch_dtype": "float16"}],
        "processor_args": [{}],
        "surprise": [1],
    },
    POOLING: {
        "pooling_strategy": ["max", "sum", "mean", DELETE],
        "activation_function": ["relu", "log1p_relu", "gelu", DELETE],
        "embedding_dimension": [None, 20, 7],
        "chunk_size": [None, 3],
        "surprise": [1],
    },
    "config.json": {"max_position_embeddings": [260, DELETE], "attn_implementation": ["eager", "sdpa"]},
    "tokenizer_config.json": {
        "model_max_length": [DELETE, 6, 10**30],
        "truncation_side": ["left", "right"],
        "padding_side": ["left"],
    },
}
MUTATIONS = st.sampled_from(
    [(file, key, value) for file, keys in VALUES.items() for key in keys for value in keys[key]]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(MUTATIONS, min_size=1, max_size=3, unique_by=lambda mutation: mutation[:2]))
@example([(SENTENCE, "max_seq_length", 5), (SENTENCE, "query_length", 4), (USAGE, "prompts", {"query": "the "})])
@example([("config.json", "max_position_embeddings", DELETE)])
def test_a_folder_changed_key_by_key_is_read_as_sentence_transformers_reads_it_or_refused(originals, mutations):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(originals["one encoder"], place, dirs_exist_ok=True))
        for mutation in mutations:
            change(folder, *mutation)
        texts = [text for text in TEXTS if len(text) < 1000] + ["the cat sat on a mat far away a dog running " * 9]
        for role in ("query", "document"):
            try:
                found = ours(Splade(checkpoint=str(folder)), role, texts)
            except ModelError:
                event("refused")
                return
            np.testing.assert_allclose(found, theirs(folder, role, texts), atol=1e-4)
        event("equal")


def test_every_key_that_sentence_transformers_saves_is_on_the_list():
    """What its next release adds is refused until somebody says what it changes; this tells that it is there."""
    from sentence_transformers.base.modules import Router, Transformer
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling

    saved = {
        SENTENCE: {*Transformer.config_keys},
        "SpladePooling/config.json": {*SpladePooling.config_keys, *SpladePooling.config_key_renames},
        "SparseStaticEmbedding/config.json": {*SparseStaticEmbedding.config_keys},
        "router_config.json, parameters.": {*Router.config_keys},
    }
    assert {file: sorted(keys - set(LISTS[file])) for file, keys in saved.items()} == {file: [] for file in saved}
