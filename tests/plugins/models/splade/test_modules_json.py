"""Folders as sentence-transformers itself writes them, and as older versions did."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade import Splade

TEXTS = ["the cat sat on the mat.", "dogs", "a dog running far away"]


def sparse_encoder(folder, **pooling):
    from sentence_transformers import SparseEncoder
    from sentence_transformers.sparse_encoder.modules import SpladePooling

    return SparseEncoder(modules=[transformer(folder), SpladePooling(**pooling)], device="cpu")


def transformer(folder):
    from sentence_transformers.base.modules import Transformer

    return Transformer(str(folder), transformer_task="fill-mask")


@pytest.mark.parametrize("pooling", ["max", "sum"])
@pytest.mark.parametrize("activation", ["relu", "log1p_relu"])
def test_a_saved_sparse_encoder_gives_its_own_vectors(pooling, activation, make_checkpoint, tmp_path):
    encoder = sparse_encoder(make_checkpoint(), pooling_strategy=pooling, activation_function=activation)
    encoder.save_pretrained(str(tmp_path))
    splade = Splade(checkpoint=str(tmp_path))
    assert (splade.identity("query")["pooling"], splade.identity("query")["activation"]) == (pooling, activation)
    expected = encoder.encode_document(TEXTS, convert_to_sparse_tensor=False).numpy()
    np.testing.assert_allclose(splade.load("cpu").encode(TEXTS, "document").vectors.toarray(), expected, atol=1e-5)


def write(folder, name, value):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(value))


def legacy(folder, **pooling):
    """The layout of sentence-transformers 5: MLMTransformer by its old path."""
    package = "sentence_transformers.sparse_encoder.models"
    modules = [{"idx": 0, "name": "0", "path": "", "type": f"{package}.MLMTransformer"}]
    modules.append({"idx": 1, "name": "1", "path": "1_SpladePooling", "type": f"{package}.SpladePooling"})
    write(folder, "modules.json", modules)
    write(folder, "1_SpladePooling/config.json", pooling)
    write(folder, "sentence_bert_config.json", {"max_seq_length": 256, "do_lower_case": False})
    return folder


def test_the_older_layout_is_read_as_well(make_checkpoint):
    folder = legacy(make_checkpoint(), pooling_strategy="sum", word_embedding_dimension=20)
    assert Splade(checkpoint=str(folder)).identity("query")["pooling"] == "sum"


def test_a_transformer_in_a_folder_of_its_own_is_found(make_checkpoint):
    folder = make_checkpoint()
    inner = folder / "0_Transformer"
    inner.mkdir()
    for path in [path for path in folder.iterdir() if path.is_file()]:
        path.rename(inner / path.name)
    legacy(folder, pooling_strategy="max")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["path"] = inner.name
    write(folder, "modules.json", modules)
    assert Splade(checkpoint=str(folder)).load("cpu").encode(TEXTS, "document").vectors.nnz > 0


@pytest.mark.parametrize(
    ("name", "given", "declared"), [("pooling", "max", "sum"), ("activation", "relu", "log1p_relu")]
)
def test_a_parameter_that_contradicts_the_folder_is_an_error(name, given, declared, make_checkpoint):
    folder = legacy(make_checkpoint(), pooling_strategy="sum", activation_function="log1p_relu")
    with pytest.raises(ModelError, match=f"{name}: '{given}' contradicts .* modules.json says '{declared}'"):
        Splade(checkpoint=str(folder), **{name: given}).identity("query")
    assert Splade(checkpoint=str(folder), **{name: declared}).identity("query")[name] == declared


def test_a_router_is_refused_by_name(make_checkpoint, tmp_path):
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Router
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding, SpladePooling

    document = transformer(make_checkpoint())
    router = Router.for_query_document(
        query_modules=[SparseStaticEmbedding(document.tokenizer)], document_modules=[document, SpladePooling()]
    )
    SparseEncoder(modules=[router], device="cpu").save_pretrained(str(tmp_path))
    with pytest.raises(ModelError, match=r"Router is not supported.*`splade_doc`"):
        Splade(checkpoint=str(tmp_path)).identity("document")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("modules.json", [{"path": "", "type": "a.Transformer"}, {"path": "", "type": "a.CSR"}], r"Transformer \+ CSR"),
        ("modules.json", [{"path": "", "type": "a.SparseStaticEmbedding"}], "SparseStaticEmbedding is not supported"),
        ("sentence_bert_config.json", {"transformer_task": "feature-extraction"}, "'feature-extraction'"),
        ("sentence_bert_config.json", {"do_lower_case": True}, "do_lower_case is not supported"),
        ("config_sentence_transformers.json", {"prompts": {"query": "query: ", "document": ""}}, "'query': 'query: '"),
        ("config_sentence_transformers.json", {"similarity_fn_name": "cosine"}, "'cosine' is not supported"),
    ],
)
def test_what_would_be_left_out_of_the_numbers_is_refused_by_name(name, value, said, make_checkpoint):
    folder = legacy(make_checkpoint(), pooling_strategy="max")
    write(folder, name, value)
    with pytest.raises(ModelError, match=said):
        Splade(checkpoint=str(folder)).identity("document")
