"""Stand-ins of published shapes: equal to sentence-transformers and to plain loops, or refused with what gives that."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, save_npz

from sparsebench import Document, Query
from sparsebench.errors import ModelError
from sparsebench_plugins.models.score_matrix import ScoreMatrix
from sparsebench_plugins.models.sparse_encoder import SentenceTransformersEncoder
from sparsebench_plugins.models.sparse_vectors import SparseVectors
from sparsebench_plugins.models.splade import Splade
from st_folders import change, ours, pooled, router, save, static, theirs, transformer

TEXTS = ["the cat sat on the mat.", "", "dogs", "Paris sat on a mat far away", "the cat sat on a dog running " * 20]
TRUST = {"trust_remote_code": True}


def door(folder: Path, **parameters) -> SentenceTransformersEncoder:
    return SentenceTransformersEncoder(checkpoint=str(folder), **parameters)


def plain(model, folder: Path) -> np.ndarray:
    """max_i ln(1 + relu(logits)) of a masked language model, text by text."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        encoded = [tokenizer(text, return_tensors="pt", truncation=True, max_length=260) for text in TEXTS]
        return torch.stack([torch.log1p(torch.relu(model(**each).logits[0])).amax(0) for each in encoded]).numpy()


SIZES = {
    "vocab_size": 24,  # more rows than the tokenizer has entries, as published ones
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "intermediate_size": 24,
    "max_position_embeddings": 260,
    "initializer_range": 0.3,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
}
CAUSAL = {"qwen2": "Qwen2", "qwen3": "Qwen3", "llama": "Llama"}
CODE = "from transformers import {0}ForCausalLM\nclass Ours({0}ForCausalLM):\n    pass\n"


@pytest.fixture(scope="module")
def causal(make_checkpoint, tmp_path_factory):
    """Architecture -> (folder, model): a causal body made bidirectional, declared as naver/splade-code declares it."""

    def make(kind: str):
        from transformers import AutoConfig, AutoModelForCausalLM

        torch.manual_seed(5)
        sizes = {key: value for key, value in SIZES.items() if kind != "qwen2" or key != "head_dim"}
        config = AutoConfig.for_model(kind, **sizes)
        config.is_causal = False
        model = AutoModelForCausalLM.from_config(config).eval()
        folder = make_checkpoint()
        (folder / "config.json").unlink()
        model.save_pretrained(folder)
        (folder / "modeling_ours.py").write_text(CODE.format(CAUSAL[kind]))
        return change(folder, "config.json", "auto_map", {"AutoModelForMaskedLM": "modeling_ours.Ours"}), model

    return make


def wrapped(folder: Path, to: Path) -> Path:
    """A SentenceTransformers folder around a model that brings code."""
    body = transformer(folder, model_kwargs=TRUST, config_kwargs=TRUST)
    save(to, body, pooled())
    shutil.copy(folder / "modeling_ours.py", to)
    return to


@pytest.mark.parametrize("kind", CAUSAL)
def test_a_causal_body_that_code_makes_bidirectional_runs_behind_the_flag(kind, causal, tmp_path):
    folder, model = causal(kind)
    made = wrapped(folder, tmp_path / "made")
    expected = plain(model, folder)
    with pytest.raises(ModelError, match="`trust_remote_code: true`"):
        Splade(checkpoint=str(made)).load("cpu")
    np.testing.assert_allclose(theirs(made, "document", TEXTS, **TRUST), expected, atol=1e-4)
    np.testing.assert_allclose(ours(door(made, **TRUST), "document", TEXTS), expected, atol=1e-4)
    np.testing.assert_allclose(ours(Splade(checkpoint=str(made), **TRUST), "document", TEXTS), expected, atol=1e-4)


def test_a_causal_body_that_stays_causal_gives_other_vectors(causal, tmp_path):
    """Else the test above would not see a mask that was passed over."""
    folder, model = causal("qwen3")
    before = plain(model, folder)
    change(folder, "config.json", "is_causal", True)
    found = ours(door(wrapped(folder, tmp_path / "made"), **TRUST), "document", TEXTS)
    assert abs(found - before).max() > 0.1


def adapted(base: Path, to: Path, targets: list[str], **options) -> Path:
    """A SentenceTransformers folder with a LoRA adapter over a base model that it names."""
    from peft import LoraConfig
    from sentence_transformers import SparseEncoder

    encoder = SparseEncoder(modules=[transformer(base, **options), pooled()], device="cpu")
    torch.manual_seed(3)
    encoder.add_adapter(LoraConfig(r=2, target_modules=targets, init_lora_weights=False))
    encoder.save(str(to), create_model_card=False)
    return to


def merged(base: Path, adapter: Path, to: Path, **options) -> Path:
    """What the advice says: the adapter merged into its base model, and saved."""
    from peft import PeftModel
    from transformers import AutoModelForMaskedLM

    model = AutoModelForMaskedLM.from_pretrained(base, **options)
    PeftModel.from_pretrained(model, adapter).merge_and_unload().save_pretrained(to)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(base / name, to)
    return to


def test_an_adapter_gives_its_vectors_in_both_ways_that_its_refusal_names(make_checkpoint, tmp_path):
    pytest.importorskip("peft", reason="needs peft")
    from transformers import AutoModelForMaskedLM

    base = make_checkpoint()
    folder = adapted(base, tmp_path / "adapter", ["query", "value"])
    expected = theirs(folder, "document", TEXTS)
    assert abs(expected - plain(AutoModelForMaskedLM.from_pretrained(base), base)).max() > 0.1
    with pytest.raises(ModelError, match=r"LoRA adapter; merge it into its base model.*`sparse_encoder`"):
        Splade(checkpoint=str(folder)).load("cpu")
    np.testing.assert_allclose(ours(door(folder), "document", TEXTS), expected, atol=1e-4)
    one = merged(base, folder, tmp_path / "merged")
    np.testing.assert_allclose(plain(AutoModelForMaskedLM.from_pretrained(one), one), expected, atol=1e-4)
    found = ours(Splade(checkpoint=str(one), max_document_length=260), "document", TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_an_adapter_over_a_causal_body_with_code_is_merged_and_loads(causal, tmp_path):
    pytest.importorskip("peft", reason="needs peft")
    base, model = causal("llama")
    folder = adapted(base, tmp_path / "adapter", ["q_proj", "v_proj"], model_kwargs=TRUST, config_kwargs=TRUST)
    expected = theirs(folder, "document", TEXTS, **TRUST)
    assert abs(expected - plain(model, base)).max() > 0.1
    with pytest.raises(ModelError, match=r"merge it into its base model.*`sparse_encoder`"):
        Splade(checkpoint=str(folder), **TRUST).load("cpu")
    np.testing.assert_allclose(ours(door(folder, **TRUST), "document", TEXTS), expected, atol=1e-4)
    one = merged(base, folder, tmp_path / "merged", **TRUST)
    found = ours(Splade(checkpoint=str(one), max_document_length=260, **TRUST), "document", TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_changed_base_model_changes_the_key_of_its_adapter(make_checkpoint, tmp_path):
    pytest.importorskip("peft", reason="needs peft")
    base = make_checkpoint()
    folder = adapted(base, tmp_path / "adapter", ["query"])
    before = door(folder).identity("query")
    change(base, "config.json", "layer_norm_eps", 0.5)
    assert door(folder).identity("query") != before


@pytest.fixture
def looking(make_checkpoint, tmp_path):
    """V-SPLADE: learnt weights of tokens for queries; for documents ModernVBERT, which reads texts and images."""
    from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer
    from transformers.models.idefics3 import Idefics3Processor
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    folder = make_checkpoint("modernbert")
    text = json.loads((folder / "config.json").read_text())
    picture = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    picture |= {"model_type": "siglip_vision_model", "image_size": 32, "patch_size": 8}
    shape = {"text_config": text, "vision_config": picture, "image_token_id": 5, "pixel_shuffle_factor": 2}
    torch.manual_seed(5)
    model = AutoModelForMaskedLM.from_config(AutoConfig.for_model("modernvbert", **shape, initializer_range=0.3))
    model.eval().save_pretrained(folder)
    images = Idefics3ImageProcessorPil(size={"longest_edge": 32}, max_image_size={"longest_edge": 32})
    Idefics3Processor(images, AutoTokenizer.from_pretrained(folder), image_seq_len=4).save_pretrained(folder)
    chain = router([static(folder)], [transformer(folder), pooled()])
    return save(tmp_path / "looking", chain), plain(model, folder)


def test_a_router_over_texts_and_images_is_refused_and_its_texts_go_through_the_general_door(looking):
    folder, documents = looking
    with pytest.raises(ModelError, match=r"modality_config is .*for text alone; else the model `sparse_encoder`"):
        Splade(checkpoint=str(folder)).load("cpu")
    found = door(folder)
    np.testing.assert_allclose(ours(found, "document", TEXTS), documents, atol=1e-4)
    for role in ("query", "document"):
        np.testing.assert_allclose(ours(found, role, TEXTS), theirs(folder, role, TEXTS), atol=1e-4)
    assert not found.load("cpu").vocabulary.is_latent


HEAD = """
import torch
from sentence_transformers.sparse_encoder.modules import SparseAutoEncoder
from sentence_transformers.base.modules import Module

class Latent(Module):
    config_keys = ["size", "latents", "k"]

    def __init__(self, size, latents, k):
        super().__init__()
        self.size, self.latents, self.k = size, latents, k
        self.encoder = torch.nn.Linear(size, latents)

    def forward(self, features, **kwargs):
        found = torch.relu(self.encoder(features["token_embeddings"]))
        kept = torch.zeros_like(found).scatter(-1, *self.largest(found))
        kept = torch.log1p(kept) * features["attention_mask"].unsqueeze(-1)
        features["sentence_embedding"] = kept.amax(1)
        return features

    def largest(self, found):
        top = found.topk(self.k, -1)
        return top.indices, top.values

    def get_embedding_dimension(self):
        return self.latents

    def save(self, path, *args, **kwargs):
        self.save_config(path)
        self.save_torch_weights(path)

    @classmethod
    def load(cls, path, subfolder="", **kwargs):
        options = {"subfolder": subfolder, "local_files_only": True}
        model = cls(**cls.load_config(path, **options))
        return cls.load_torch_weights(path, model=model, **options)
"""
"""A frozen sparse autoencoder over the tokens of a language model, k latents a token, pooled as SPLADE does."""


@pytest.fixture
def autoencoded(causal, tmp_path):
    """SPLARE, SlideOn: latent dimensions over a language model, in code of the checkpoint. And its vectors, plainly."""
    from safetensors.torch import save_file
    from sentence_transformers.base.modules import Transformer
    from transformers import AutoTokenizer

    folder, model = causal("qwen2")
    made = save(tmp_path / "made", Transformer(str(folder), transformer_task="feature-extraction"), pooled())
    torch.manual_seed(1)
    weight, bias = torch.randn(48, 16), 0.1 * torch.randn(48)
    shutil.rmtree(made / "1_SpladePooling")
    (made / "1_Latent").mkdir()
    (made / "1_Latent" / "config.json").write_text('{"size": 16, "latents": 48, "k": 4}')
    save_file({"encoder.weight": weight, "encoder.bias": bias}, made / "1_Latent" / "model.safetensors")
    (made / "latent.py").write_text(HEAD)
    change(change(made, "modules.json", "1.path", "1_Latent"), "modules.json", "1.type", "latent.Latent")
    tokenizer, rows = AutoTokenizer.from_pretrained(folder), []
    for text in TEXTS:
        with torch.inference_mode():
            states = model.model(**tokenizer(text, return_tensors="pt", truncation=True)).last_hidden_state[0]
        found = torch.relu(states @ weight.T + bias)
        smallest = found.sort(-1, descending=True).values[:, 3:4]
        rows.append(torch.log1p(torch.where(found >= smallest, found, 0)).amax(0))
    return made, torch.stack(rows).numpy()


def test_a_sparse_autoencoder_in_code_of_its_own_is_refused_and_runs_behind_the_flag(autoencoded):
    folder, expected = autoencoded
    with pytest.raises(ModelError, match="`sparse_encoder` with `trust_remote_code: true` runs it"):
        Splade(checkpoint=str(folder)).identity("document")
    with pytest.raises(ModelError, match="sentence-transformers does not load"):
        door(folder).load("cpu")
    loaded = door(folder, **TRUST).load("cpu")
    np.testing.assert_allclose(loaded.encode(TEXTS, "document").vectors.toarray(), expected, atol=1e-4)
    assert loaded.vocabulary.is_latent


def vectors_file(folder: Path, name: str, rows: np.ndarray) -> Path:
    save_npz(folder / f"{name}.npz", csr_array(rows).tocsr())
    (folder / f"{name}-ids.txt").write_text("".join(f"{name}{i}\n" for i in range(len(rows))))
    return folder / f"{name}.npz"


def scored(folder: Path, queries: np.ndarray, documents: np.ndarray) -> np.ndarray:
    """Scores (Q, D) of `sparse_vectors`."""
    model = SparseVectors(
        documents=vectors_file(folder, "d", documents),
        queries=vectors_file(folder, "q", queries),
    )
    encoder = model.encoder_for(lambda: (Document(f"d{i}", "") for i in range(len(documents))), "cpu")
    found = [
        encoder.encode([f"{role[0]}{i}" for i in range(len(rows))], role).vectors
        for role, rows in (("query", queries), ("document", documents))
    ]
    return (found[0] @ found[1].T).toarray()


def test_vectors_of_an_autoencoder_that_somebody_else_made_score_alike(autoencoded, tmp_path):
    _, vectors = autoencoded
    expected = [[float(sum(a * b for a, b in zip(q, d, strict=True))) for d in vectors] for q in vectors[:2]]
    np.testing.assert_allclose(scored(tmp_path, vectors[:2], vectors), expected, atol=1e-4)


def test_sparse_vectors_made_of_dense_ones_score_as_their_plain_loop(tmp_path):
    """mm-sparse-retrieval, lsr-multimodal: dense vectors of images and captions through a head onto words."""
    generator = np.random.default_rng(0)
    head = generator.normal(size=(8, 20))
    pictures, captions = (np.log1p(np.maximum(generator.normal(size=(n, 8)) @ head, 0)) for n in (5, 2))
    expected = [[float(sum(a * b for a, b in zip(q, d, strict=True))) for d in pictures] for q in captions]
    np.testing.assert_allclose(scored(tmp_path, captions, pictures), expected, atol=1e-4)


BLOCKS = {"cat": [0.5, -0.5], "dog": [-0.6, 0.8], "bank": [1.0, 0.0], "bank (river)": [0.0, -1.0]}
"""miniCOIL's meaning of a word, in as many values as a block has; here 2, there 8."""


def blocks(weights: dict[str, float], words: list[str]) -> np.ndarray:
    """A weight of BM25 a word, spread over the word's block."""
    row = [[weights.get(word, 0.0) * value for value in BLOCKS[word]] for word in words]
    return np.concatenate(row)


def test_blocks_with_negative_values_are_refused_and_their_scores_are_evaluated(tmp_path):
    """miniCOIL: the advice of the refusal, followed, gives the inner products."""
    words = list(BLOCKS)
    documents = np.stack([blocks({"cat": 1.2, "dog": 0.4}, words), blocks({"bank": 2.0}, words)])
    queries = np.stack([blocks({"cat": 1.0, "bank": 3.0}, words), blocks({"dog": 2.0}, words)])
    with pytest.raises(ModelError, match=r"negative .*`score_matrix` takes inner products that you computed"):
        scored(tmp_path, queries, documents)
    np.save(tmp_path / "scores.npy", (queries @ documents.T).astype(np.float32))
    found = ScoreMatrix(matrix=tmp_path / "scores.npy").score(
        [Query("q0", ""), Query("q1", "")], np.array([b"d0", b"d1"])
    )
    # q0.d0 = 1 * 1.2 * (.25 + .25), q0.d1 = 3 * 2 * 1, q1.d0 = 2 * .4 * (.36 + .64), q1.d1 = 0
    np.testing.assert_allclose(found.scores, [[0.6, 6.0], [0.8, 0.0]], atol=1e-6)


MEAN = """
import torch
from sentence_transformers.sparse_encoder.modules import SpladePooling
class Light(SpladePooling):
    def forward(self, features, **kwargs):
        mask = features["attention_mask"].unsqueeze(-1)
        found = torch.log1p(torch.log1p(torch.relu(features["token_embeddings"]))) * mask
        features["sentence_embedding"] = found.sum(1) / mask.sum(1)
        return features
"""


def test_pooling_by_the_mean_in_code_of_its_own_is_refused_and_runs_behind_the_flag(make_checkpoint, tmp_path):
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    base = make_checkpoint("modernbert")
    folder = save(tmp_path / "mean", transformer(base), pooled("max", "log1p_relu"))
    (folder / "light.py").write_text(MEAN)
    change(folder, "modules.json", "1.type", "light.Light")
    with pytest.raises(ModelError, match="`sparse_encoder` with `trust_remote_code: true` runs it"):
        Splade(checkpoint=str(folder)).identity("document")
    loaded = door(folder, **TRUST).load("cpu")
    model, tokenizer = AutoModelForMaskedLM.from_pretrained(base).eval(), AutoTokenizer.from_pretrained(base)
    for text, found in zip(TEXTS, loaded.encode(TEXTS, "document").vectors.toarray(), strict=True):
        with torch.inference_mode():
            logits = model(**tokenizer(text, return_tensors="pt", truncation=True)).logits[0]
        np.testing.assert_allclose(found, torch.log1p(torch.log1p(torch.relu(logits))).mean(0).numpy(), atol=1e-4)
    assert not loaded.vocabulary.is_latent
