from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from sparsebench.errors import ModelError
from sparsebench.registry.parameters import path_parameters, validate
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade.architecture import MaskedLM

TINY = "package:cognition/model"
TEXTS = ["the cat sat on the mat.", "dogs", "a dog running far away sat on a mat"]


def texts_of(beir_dir, collection, part, limit):
    """Texts as they are indexed: the title, a space and the text."""
    with (beir_dir / collection / f"{part}.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line, _ in zip(file, range(limit), strict=False)]
    return [" ".join(filter(None, (row.get("title"), row["text"]))) for row in rows]


@pytest.fixture(scope="module")
def tiny(tiny_splade_dir):
    return Splade(checkpoint=TINY).load("cpu")


@pytest.fixture(scope="module")
def passages(beir_dir):
    return texts_of(beir_dir, "cranfield", "corpus", 50)


@pytest.fixture(scope="module")
def questions(beir_dir):
    return texts_of(beir_dir, "cranfield", "queries", 25)


# ── the real model ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_tiny_splade_equals_sentence_transformers(tiny, tiny_splade_dir, passages, questions):
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import SpladePooling

    transformer = Transformer(str(tiny_splade_dir), transformer_task="fill-mask", max_seq_length=256)
    oracle = SparseEncoder(modules=[transformer, SpladePooling()], device="cpu")
    for texts, role in ((passages[:16], "document"), (questions, "query")):
        expected = oracle.encode(texts, batch_size=8, convert_to_sparse_tensor=False).numpy()
        found = tiny.encode(texts, role).vectors.toarray()
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("port", ["splade-tiny-distilbert", "splade-tiny-roberta"])
def test_ports_to_other_architectures_rank_alike(port, tiny, shared_dir, passages, questions):
    """The same weights in other classes: the order may differ only where scores are closer than 1e-4."""
    ported = Splade(checkpoint=str(shared_dir / "models" / port)).load("cpu")
    scores, others = (
        (model.encode(questions, "query").vectors @ model.encode(passages, "document").vectors.T).toarray()
        for model in (tiny, ported)
    )
    ordered = np.take_along_axis(scores, np.argsort(-others, axis=1), axis=1)
    assert (ordered[:, :-1] - ordered[:, 1:]).min() > -1e-4
    np.testing.assert_allclose(others, scores, atol=1e-3)


@pytest.mark.slow
def test_documents_of_cranfield_have_the_known_number_of_active_dimensions(tiny, beir_dir):
    """The reference figure of the shared data's README."""
    vectors = tiny.encode(texts_of(beir_dir, "cranfield", "corpus", 1400), "document").vectors
    assert vectors.shape == (1400, 30_522)
    assert vectors.nnz / 1400 == pytest.approx(230.3, abs=0.05)


def test_a_document_of_512_tokens_is_encoded(passages, tiny_splade_dir):
    tiny = Splade(checkpoint=TINY, max_document_length=512).load("cpu")
    long = " ".join(passages)
    encoded = tiny.encode([long], "document")
    assert encoded.truncated == 1
    cut_alike = tiny.vocabulary.tokenize([long], length=512)[0][0]
    assert len(cut_alike) == 512
    assert encoded.vectors.nnz > 0


def test_vectors_of_real_passages_do_not_depend_on_the_batch_size(tiny, passages):
    alone = Splade(checkpoint=TINY, batch_tokens=1).load("cpu").encode(passages[:16], "document").vectors
    together = tiny.encode(passages[:16], "document").vectors
    assert abs(alone - together).max() < 1e-5


# ── what the parameters do, on random checkpoints ───────────────────────────────────────────────────────────


def encode(folder, texts=TEXTS, role="document", **parameters):
    return Splade(checkpoint=str(folder), **parameters).load("cpu").encode(texts, role)


def test_vectors_are_sorted_positive_float32(make_checkpoint):
    vectors = encode(make_checkpoint()).vectors
    assert vectors.dtype == np.float32
    assert vectors.indices.dtype == np.int32
    assert vectors.has_sorted_indices
    assert (vectors.data > 0).all()
    assert vectors.shape == (3, 20)


@pytest.mark.parametrize("role", ["query", "document"])
def test_an_empty_text_has_the_terms_of_its_special_tokens(role, make_checkpoint):
    folder = make_checkpoint()
    assert encode(folder, ["", "the cat"], role).vectors[[0]].nnz > 0
    assert encode(folder, [], role).vectors.shape == (0, 20)


def test_an_empty_text_has_no_terms_where_the_tokenizer_adds_no_special_tokens(make_checkpoint):
    folder = make_checkpoint()
    settings = json.loads((folder / "tokenizer.json").read_text())
    settings["post_processor"] = None
    (folder / "tokenizer.json").write_text(json.dumps(settings))
    assert encode(folder, ["the cat", ""]).vectors[[1]].nnz == 0


def test_poolings_differ_as_they_should(make_checkpoint):
    folder = make_checkpoint()
    largest, total, first = (encode(folder, pooling=pooling).vectors.toarray() for pooling in ("max", "sum", "cls"))
    assert (total >= largest - 1e-6).all()
    assert (largest >= first - 1e-6).all()
    assert not np.allclose(total, largest)
    assert not np.allclose(largest, first)


def test_each_role_has_its_own_length_and_pruning(make_checkpoint):
    folder = make_checkpoint()
    splade = Splade(checkpoint=str(folder), max_query_length=3, query_prune=2, document_prune=4).load("cpu")
    queries, documents = splade.encode(TEXTS, "query"), splade.encode(TEXTS, "document")
    assert (queries.truncated, documents.truncated) == (3, 0)
    assert np.diff(queries.vectors.indptr).tolist() == [2, 2, 2]
    assert np.diff(documents.vectors.indptr).tolist() == [4, 4, 4]
    whole = encode(folder).vectors.toarray()
    assert documents.vectors.data.min() >= np.sort(whole, axis=1)[:, -4].min() - 1e-5


def test_a_share_of_the_largest_entry_prunes_before_a_number_does(make_checkpoint):
    folder = make_checkpoint()
    whole = encode(folder).vectors
    pruned = encode(folder, document_prune_ratio=0.5).vectors
    for row, kept in zip(whole.toarray(), pruned.toarray(), strict=True):
        np.testing.assert_array_equal(kept, np.where(row > 0.5 * row.max(), row, 0))
    both = encode(folder, document_prune_ratio=0.5, document_prune=2).vectors
    assert np.diff(both.indptr).tolist() == [min(2, size) for size in np.diff(pruned.indptr)]


def test_queries_that_do_not_expand_keep_their_own_tokens_with_the_model_s_weights(make_checkpoint):
    """SPLADE-v3-Lexical in plain form: nothing in its files says so."""
    folder = make_checkpoint()
    whole = encode(folder, role="query").vectors.toarray()
    splade = Splade(checkpoint=str(folder), expand_queries=False)
    own = splade.load("cpu").encode(TEXTS, "query").vectors.toarray()
    tokens = splade.load("cpu").vocabulary.token_ids(TEXTS)
    for row, kept, ids in zip(whole, own, tokens, strict=True):
        mask = np.isin(np.arange(len(row)), sorted(set(ids) - {1}))  # [UNK] is special
        np.testing.assert_array_equal(kept, np.where(mask, row, 0))
    assert splade.identity("query") != Splade(checkpoint=str(folder)).identity("query")
    assert splade.identity("document") == Splade(checkpoint=str(folder)).identity("document")


def test_prompts_of_a_suite_go_before_the_texts(make_checkpoint):
    folder = make_checkpoint()
    prompted = encode(folder, ["sat"], "query", query_prompt="the cat ").vectors
    assert abs(prompted - encode(folder, ["the cat sat"], "query").vectors).max() == 0
    assert abs(encode(folder, ["sat"], "document", query_prompt="the cat ").vectors - prompted).max() > 0


def test_one_loaded_model_gives_the_same_vectors_from_several_threads(make_checkpoint):
    splade = Splade(checkpoint=str(make_checkpoint()), max_query_length=5, max_document_length=40).load("cpu")
    texts = ["the cat sat on a mat far away " * 6, "dogs", "a dog"]
    expected = {role: splade.encode(texts, role).vectors.toarray() for role in ("query", "document")}
    roles = ["query", "document"] * 20
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda role: splade.encode(texts, role).vectors.toarray(), roles))
    for role, vectors in zip(roles, found, strict=True):
        np.testing.assert_array_equal(vectors, expected[role])


def test_only_the_chosen_output_vocabulary_is_active_and_its_values_stay(make_checkpoint, tmp_path):
    folder = make_checkpoint()
    ids = [3, 6, 7, 13, 19]
    (tmp_path / "ids.txt").write_text("\n".join(map(str, ids)))
    expected = encode(folder).vectors.toarray()
    expected[:, np.setdiff1d(np.arange(20), ids)] = 0
    found = encode(folder, output_vocabulary=tmp_path / "ids.txt").vectors
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-6)
    assert found.nnz > 0


def test_a_batch_that_does_not_fit_in_memory_is_halved(make_checkpoint, monkeypatch):
    folder = make_checkpoint()
    splade = Splade(checkpoint=str(folder)).load("cpu")
    expected = splade.encode(TEXTS, "document").vectors
    hidden, sizes = MaskedLM.hidden, []

    def small_memory(self, ids):
        sizes.append(len(ids))
        if len(ids) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return hidden(self, ids)

    monkeypatch.setattr(MaskedLM, "hidden", small_memory)
    assert abs(splade.encode(TEXTS, "document").vectors - expected).max() < 1e-5
    assert sizes == [3, 1, 2, 1, 1]  # two shorter texts are tried again, for they may fit


@pytest.mark.parametrize("workers", ["2", "3"])
def test_vectors_have_the_same_bytes_whatever_the_number_of_threads(workers, make_checkpoint, monkeypatch):
    splade = Splade(checkpoint=str(make_checkpoint()), batch_tokens=12).load("cpu")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = splade.encode(TEXTS * 5, "document").vectors
    monkeypatch.setenv("OMP_NUM_THREADS", workers)
    together = splade.encode(TEXTS * 5, "document").vectors
    assert (together != alone).nnz == 0
    assert splade.provenance()["document"]["workers"] == int(workers)


@pytest.mark.parametrize("engine", ["reference", "numba", "exact_bf16", "exact_int8"])
def test_engines_agree_and_are_on_record(engine, make_checkpoint):
    pytest.importorskip("numba")
    folder = make_checkpoint()
    splade = Splade(checkpoint=str(folder), engine=engine).load("cpu")
    expected = encode(folder, engine="reference").vectors
    assert abs(splade.encode(TEXTS, "document").vectors - expected).max() < 1e-5
    assert splade.provenance()["query"]["engine"] == engine


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("c++"), reason="there is no C++ compiler")
def test_a_compiled_body_gives_the_vectors_and_is_on_record(make_checkpoint):
    folder = make_checkpoint()
    compiled = Splade(checkpoint=str(folder), compile=True).load("cpu")
    expected = encode(folder).vectors
    assert abs(compiled.encode(TEXTS, "document").vectors - expected).max() < 1e-5
    assert compiled.provenance()["document"]["compiled"] is True
    assert Splade(checkpoint=str(folder)).load("cpu").provenance()["document"]["compiled"] is False


def test_a_compiler_that_fails_is_an_error(make_checkpoint, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no g++\nand much more")

    monkeypatch.setattr(torch.nn.Module, "compile", lambda module, **_: module.register_forward_pre_hook(fail))
    with pytest.raises(ModelError, match=r"compile: true failed \(no g\+\+\); it needs a C\+\+ compiler"):
        Splade(checkpoint=str(make_checkpoint()), compile=True).load("cpu")


def change(folder, key):
    """Other weights of the same shape."""
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights[key] = -weights[key]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_queries_may_have_an_encoder_of_their_own(make_checkpoint):
    documents = make_checkpoint()
    queries = change(make_checkpoint(), "cls.predictions.transform.dense.weight")
    both = Splade(checkpoint=str(documents), query_checkpoint=str(queries)).load("cpu")
    assert abs(both.encode(TEXTS, "document").vectors - encode(documents).vectors).max() == 0
    assert abs(both.encode(TEXTS, "query").vectors - encode(queries).vectors).max() == 0
    assert abs(both.encode(TEXTS, "query").vectors - encode(documents).vectors).max() > 0.01


def test_both_sides_must_share_their_vocabulary(make_checkpoint):
    queries = make_checkpoint()
    settings = (queries / "tokenizer.json").read_text()
    (queries / "tokenizer.json").write_text(settings.replace('"dog"', '"fox"'))
    with pytest.raises(ModelError, match="dimension 12 is 'fox' for queries and 'dog' for documents"):
        Splade(checkpoint=str(make_checkpoint()), query_checkpoint=str(queries)).load("cpu")


# ── what names the vectors ──────────────────────────────────────────────────────────────────────────────────


def test_what_changes_the_vectors_changes_the_identity(make_checkpoint, tmp_path):
    folder = make_checkpoint()
    other = change(make_checkpoint(), "cls.predictions.transform.dense.weight")
    (tmp_path / "ids.txt").write_text("1\n2\n")
    variants = [
        {},
        {"checkpoint": str(other)},
        {"pooling": "sum"},
        {"activation": "log1p_relu"},
        {"max_document_length": 9},
        {"document_prune": 3},
        {"output_vocabulary": 9},
        {"output_vocabulary": tmp_path / "ids.txt"},
        {"document_prompt": "the "},
        {"document_prune_ratio": 0.5},
    ]
    identities = [Splade(**{"checkpoint": str(folder), **variant}).identity("document") for variant in variants]
    assert len({json.dumps(identity, sort_keys=True) for identity in identities}) == len(variants)


def test_the_engine_is_named_beside_the_device(make_checkpoint):
    splade = Splade(checkpoint=str(make_checkpoint()), engine="reference")
    assert splade.computed_by("document", "cpu") == {"device": "cpu", "engine": "reference"}


def test_what_changes_nothing_leaves_the_identity(make_checkpoint):
    first, copy = make_checkpoint(), make_checkpoint()
    plain = Splade(checkpoint=str(first)).identity("document")
    for splade in (
        Splade(checkpoint=str(copy)),
        Splade(checkpoint=str(first), batch_tokens=1),
        Splade(checkpoint=str(first), max_query_length=9, query_prune=2, query_checkpoint=str(copy)),
        Splade(checkpoint=str(first), pooling="max", activation="relu"),
    ):
        assert splade.identity("document") == plain


def test_naming_loading_no_torch_and_no_transformers(tiny_splade_dir):
    """`plan` asks for identities, and must stay fast."""
    program = (
        "import sys, sparsebench_plugins.models\n"
        "from sparsebench_plugins.models.splade import Splade\n"
        f"Splade(checkpoint={TINY!r}).identity('query')\n"
        "assert not {'torch', 'transformers', 'cognition', 'scipy'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_parameters_of_a_suite_are_checked_by_signature():
    assert validate(Splade, {"checkpoint": TINY})["max_document_length"] is None
    assert path_parameters(Splade) == {"output_vocabulary"}
    for wrong in ({"pooling": "mean"}, {"max_query_length": 2}, {"query_prune": 0}, {"revision": "main"}):
        with pytest.raises(Exception, match=next(iter(wrong))):
            validate(Splade, {"checkpoint": TINY, **wrong})


def test_a_query_revision_needs_a_query_checkpoint():
    with pytest.raises(ModelError, match="query_revision is given without query_checkpoint"):
        Splade(checkpoint=TINY, query_revision="0" * 40)
