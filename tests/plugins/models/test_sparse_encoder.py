"""The general door: whatever sentence-transformers reads gives its own vectors, under keys and refusals of ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import toys
from sparsebench.errors import ModelError
from sparsebench.progress import Silent
from sparsebench.registry import Registry
from sparsebench.runner import Runner
from sparsebench.store import Store
from sparsebench_plugins.models.sparse_encoder import SentenceTransformersEncoder
from sparsebench_plugins.models.splade import Splade
from st_folders import change, pooled, router, save, static, theirs, transformer

TEXTS = ["The cat sat on the mat.", "", "dogs", "a cat and a dog " * 30]


def of(folder, **parameters):
    return SentenceTransformersEncoder(checkpoint=str(folder), **parameters)


@pytest.fixture(scope="module")
def saved(tiny_splade_dir, tmp_path_factory):
    return save(tmp_path_factory.mktemp("splade"), transformer(tiny_splade_dir), pooled())


@pytest.fixture(scope="module")
def latent(tiny_splade_dir, tmp_path_factory):
    """CSR: a mean of tokens through a sparse autoencoder, compared by cosine."""
    import torch
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from sentence_transformers.sparse_encoder.modules import SparseAutoEncoder

    torch.manual_seed(0)
    body = Transformer(str(tiny_splade_dir))
    size = body.get_embedding_dimension()
    chain = [body, Pooling(size, pooling_mode="mean"), SparseAutoEncoder(size, hidden_dim=64, k=6, k_aux=8)]
    return save(tmp_path_factory.mktemp("csr"), *chain, similarity_fn_name="cosine")


@pytest.mark.parametrize("role", ["query", "document"])
def test_vectors_are_those_of_sentence_transformers_and_of_splade(role, saved):
    encoded = of(saved).load("cpu").encode(TEXTS, role)
    np.testing.assert_allclose(encoded.vectors.toarray(), theirs(saved, role, TEXTS), atol=1e-4)
    ours = Splade(checkpoint=str(saved)).load("cpu").encode(TEXTS, role).vectors.toarray()
    np.testing.assert_allclose(encoded.vectors.toarray(), ours, atol=1e-4)


def test_a_sparse_autoencoder_compared_by_cosine_has_vectors_of_length_one(latent):
    vectors = of(latent).load("cpu").encode(TEXTS, "document").vectors.toarray()
    expected = theirs(latent, "document", TEXTS)
    norms = np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors, expected / norms, atol=1e-4)
    with pytest.raises(ModelError, match="`sparse_encoder`"):
        Splade(checkpoint=str(latent)).identity("document")


def test_latent_dimensions_have_no_surface_form(latent, saved):
    vocabulary = of(latent).load("cpu").vocabulary
    assert vocabulary.is_latent
    assert (vocabulary.token(5), vocabulary.token_ids(["cat"])) == ("latent 5", [[]])
    words = of(saved).load("cpu").vocabulary
    assert not words.is_latent
    assert words.token(words.token_ids(["cat"])[0][0]) == "cat"


def test_a_suite_s_lengths_and_pruning_win(saved):
    model = of(saved, max_document_length=8, document_prune=5)
    encoded = model.load("cpu").encode(TEXTS, "document")
    ours = Splade(checkpoint=str(saved), max_document_length=8, document_prune=5).load("cpu").encode(TEXTS, "document")
    np.testing.assert_allclose(encoded.vectors.toarray(), ours.vectors.toarray(), atol=1e-4)
    assert encoded.truncated == ours.truncated == 2
    assert model.identity("document") != of(saved).identity("document")
    assert model.identity("query") == of(saved).identity("query")


def test_a_changed_file_changes_the_key(saved, tmp_path):
    folder = Path(shutil.copytree(saved, tmp_path / "copy"))
    assert of(folder).identity("query") == of(saved).identity("query")
    change(folder, "1_SpladePooling/config.json", "activation_function", "log1p_relu")
    assert of(folder).identity("query") != of(saved).identity("query")


CODE = """
from sentence_transformers.sparse_encoder.modules import SpladePooling
class Mine(SpladePooling):
    pass
"""


def test_code_that_a_folder_brings_runs_behind_the_flag_alone(saved, tmp_path):
    folder = Path(shutil.copytree(saved, tmp_path / "copy"))
    (folder / "mine.py").write_text(CODE)
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = "mine.Mine"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelError, match="`trust_remote_code: true` runs it"):
        Splade(checkpoint=str(folder)).identity("document")
    with pytest.raises(ModelError, match="sentence-transformers does not load"):
        of(folder).load("cpu")
    loaded = of(folder, trust_remote_code=True).load("cpu")
    np.testing.assert_allclose(
        loaded.encode(TEXTS, "document").vectors.toarray(), theirs(saved, "document", TEXTS), atol=1e-4
    )


def test_an_adapter_whose_base_nothing_pins_is_refused(saved, tmp_path):
    folder = Path(shutil.copytree(saved, tmp_path / "copy"))
    change(folder, "adapter_config.json", "base_model_name_or_path", "meta/base")
    with pytest.raises(ModelError, match=r"base model 'meta/base', which no commit pins"):
        of(folder).identity("query")
    change(folder, "adapter_config.json", "base_model_name_or_path", str(saved))
    assert len(of(folder).identity("query")["files"]) == 2


@pytest.fixture(scope="module")
def routed_latent(tiny_splade_dir, tmp_path_factory):
    """A router both of whose routes end in a sparse autoencoder, compared by inner products."""
    import torch
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from sentence_transformers.sparse_encoder.modules import SparseAutoEncoder

    torch.manual_seed(0)
    body = Transformer(str(tiny_splade_dir))
    size = body.get_embedding_dimension()
    head = SparseAutoEncoder(size, hidden_dim=64, k=6, k_aux=8)
    routes = [[body, Pooling(size, pooling_mode=mode), head] for mode in ("mean", "cls")]
    return save(tmp_path_factory.mktemp("routed"), router(*routes))


def test_a_router_that_ends_in_autoencoders_has_latent_dimensions(routed_latent):
    loaded = of(routed_latent).load("cpu")
    assert loaded.vocabulary.is_latent
    for role in ("query", "document"):
        expected = theirs(routed_latent, role, TEXTS)
        np.testing.assert_allclose(loaded.encode(TEXTS, role).vectors.toarray(), expected, atol=1e-4)


def test_wackiness_of_latent_dimensions_is_undefined_and_the_rest_is_measured(latent, tmp_path, monkeypatch):
    import sparsebench_plugins.analyzers
    import sparsebench_plugins.models
    import sparsebench_plugins.postprocessors

    parts = [sparsebench_plugins.models, sparsebench_plugins.analyzers, sparsebench_plugins.postprocessors]
    monkeypatch.setattr(toys, "registry", lambda: Registry.of(*parts))
    models = f"models: [{{name: sparse_encoder, checkpoint: {latent}}}]\nanalyzers: [sparsity, wackiness]\n"
    suite = toys.write_suite(tmp_path / "toy.yaml", toys.write_collection(tmp_path / "fruit"), models)
    store = Store(tmp_path / "store")
    (record,) = Runner(store, tmp_path / "runs", Silent()).run(toys.plan_suite(suite, store)).records
    assert record.status == "ok"
    reason = record.analysis["wackiness"]["not_applicable"]
    assert reason == "undefined: latent dimensions have no surface form"
    assert "not_applicable" not in record.analysis["sparsity"]


def test_a_folder_that_sentence_transformers_would_complete_at_random_is_refused(saved, tiny_splade_dir, tmp_path):
    """It puts a sparse autoencoder that nobody trained on a dense model, and gives vectors."""
    folder = Path(shutil.copytree(saved, tmp_path / "dense"))
    change(folder, "config_sentence_transformers.json", "model_type", "SentenceTransformer")
    with pytest.raises(ModelError, match=r"model_type is 'SentenceTransformer', .* random head"):
        of(folder).identity("query")
    with pytest.raises(
        ModelError, match=r"no modules.json, .*the models `splade` and `splade_doc` read a plain folder"
    ):
        of(tiny_splade_dir).identity("query")


def test_weights_that_are_lacking_and_matter_are_refused(saved, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(saved, tmp_path / "headless"))
    weights = load_file(folder / "model.safetensors")
    lacking = next(name for name in weights if name.endswith("transform.dense.weight"))
    save_file(
        {name: w for name, w in weights.items() if name != lacking}, folder / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(ModelError, match=r"lacks weights, .* at random: .*transform\.dense\.weight"):
        of(folder).load("cpu")


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_a_tensor_that_is_not_finite_is_refused_by_name(value, saved, tmp_path):
    """One row of one word: no text without that word would show it."""
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(saved, tmp_path / "spoiled"))
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    weights[name][-1, 0] = value
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"the tensor '.*word_embeddings\.weight' holds a number that is not finite"):
        of(folder).load("cpu")


def test_a_weight_of_a_token_that_is_not_finite_is_refused_by_name(tiny_splade_dir, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = save(tmp_path / "f", router([static(tiny_splade_dir)], [transformer(tiny_splade_dir), pooled()]))
    (file,) = (folder / "query_0_SparseStaticEmbedding").glob("*.safetensors")
    weights = load_file(file)
    weights["weight"][7] = float("inf")
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(ModelError, match=r"the tensor '.*weight' holds a number that is not finite"):
        of(folder).load("cpu")


def test_padding_that_moves_positions_is_refused_and_the_advice_gives_vectors_that_no_batch_changes(saved, tmp_path):
    file = "tokenizer_config.json"
    folder = change(Path(shutil.copytree(saved, tmp_path / "f")), file, "padding_side", "left")
    with pytest.raises(ModelError, match=r'padding mixes into its tokens.*"padding_side": "left", write "right"'):
        of(folder).load("cpu")
    found = of(change(folder, file, "padding_side", "right")).load("cpu").encode(TEXTS, "query").vectors.toarray()
    np.testing.assert_allclose(found, theirs(folder, "query", TEXTS), atol=1e-4)


def test_texts_longer_than_the_model_takes_end_in_a_sentence(saved):
    model = of(saved, max_document_length=600).load("cpu")
    with pytest.raises(ModelError, match="sentence-transformers cannot encode with "):
        model.encode(["cat " * 700], "document")


def test_lengths_of_a_suite_are_on_record(saved):
    own = {"query": 512, "document": 512}
    assert of(saved).about() == {"lengths": own, "overrides": []}
    cut = {"lengths": {**own, "document": 8}, "overrides": ["documents: 8 tokens"]}
    assert of(saved, max_document_length=8).about() == cut


@pytest.mark.parametrize("role", ["query", "document"])
@pytest.mark.parametrize("key", ["max_seq_length", "query_length", "processing_kwargs"])
def test_the_declared_length_on_record_is_where_sentence_transformers_cuts(key, role, saved, tmp_path):
    value = {"text": {"max_length": 5}} if key == "processing_kwargs" else 5
    folder = change(Path(shutil.copytree(saved, tmp_path / "f")), "sentence_bert_config.json", key, value)
    words = ["cat", "dog", "mat"] * 200
    length = of(folder).about()["lengths"][role]
    assert length == (512 if (key, role) == ("query_length", "document") else 5)
    inside = length - 2  # [CLS] and [SEP]
    whole, short = (of(folder).load("cpu").encode([" ".join(words[:n])], role) for n in (len(words), inside))
    np.testing.assert_allclose(whole.vectors.toarray(), short.vectors.toarray(), atol=1e-5)
    assert (whole.truncated, short.truncated) == (1, 0)


def test_where_code_that_a_folder_brings_cuts_is_not_on_record(latent, saved, tmp_path):
    assert of(latent).about()["lengths"] == {"query": 512, "document": 512}
    folder = change(Path(shutil.copytree(saved, tmp_path / "f")), "modules.json", "1.type", "own.Pooling")
    assert of(folder).about()["lengths"] == {"query": 512, "document": 512}
    change(folder, "modules.json", "0.type", "own.Body")
    assert of(folder).about()["lengths"] == {}
    assert of(folder, max_query_length=9).about()["lengths"] == {"query": 9}


def test_a_use_of_a_known_checkpoint_says_whether_it_is_that_of_its_authors():
    commit = "0" * 40
    known = {"checkpoint": "Linkup-Platform/linkup-sparseup-embed-v1", "revision": commit, "trust_remote_code": True}
    assert SentenceTransformersEncoder(**known).about()["as_authors"] == {"answer": "yes", "because": []}
    cut = SentenceTransformersEncoder(**known, max_query_length=64, document_prune=9).about()["as_authors"]
    assert cut["because"] == ["queries are cut at 64 tokens, not 128", "documents keep 9 entries, not all"]
