from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade.architecture import cut

TEXTS = ["the cat sat on the mat.", "dogs", "", "a dog running far away sat on a mat the cats sat on", "the the the"]
ARCHITECTURES = [
    "bert",
    "bert-untied",
    "distilbert",
    "roberta",
    "xlm-roberta",
    "electra",
    "modernbert",
    "modernbert-no-bias",
]


def plain_vectors(folder, texts, length):
    """max_i ln(1 + relu(logits)) of the model as transformers runs it, one text at a time, so without padding."""
    model, tokenizer = AutoModelForMaskedLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        logits = [
            model(**tokenizer(text, return_tensors="pt", truncation=True, max_length=length)).logits[0]
            for text in texts
        ]
    return torch.stack([torch.log1p(torch.relu(text)).amax(0) for text in logits]).numpy()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_vectors_equal_those_of_the_plain_model(name, make_checkpoint):
    folder = make_checkpoint(name)
    vectors = Splade(checkpoint=str(folder), max_document_length=10).load("cpu").encode(TEXTS, "document").vectors
    expected = plain_vectors(folder, TEXTS, length=10)
    np.testing.assert_allclose(vectors.toarray(), expected, atol=1e-5)
    assert 0 < vectors.nnz < expected.size, "with these weights some terms are active and some are not"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_vectors_do_not_depend_on_how_texts_are_batched(name, make_checkpoint):
    folder = str(make_checkpoint(name))
    together = Splade(checkpoint=folder).load("cpu").encode(TEXTS, "document").vectors
    alone = Splade(checkpoint=folder, batch_tokens=1).load("cpu").encode(TEXTS, "document").vectors
    assert abs(together - alone).max() < 1e-5


def bert(**changes):
    from transformers import BertConfig

    sizes = {"vocab_size": 11, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    return BertConfig(**sizes, intermediate_size=8, max_position_embeddings=20, **changes)


def test_a_model_that_does_more_after_its_decoder_is_refused():
    from transformers import BertForMaskedLM

    class Scaled(BertForMaskedLM):
        def forward(self, *args, **kwargs):
            output = super().forward(*args, **kwargs)
            output.logits = output.logits * 2 + 1
            return output

    with pytest.raises(ModelError, match="Scaled is not supported: its logits are not those of its decoder alone"):
        cut(Scaled(bert()).eval())


def test_a_model_whose_decoder_is_not_called_is_refused():
    """MobileBERT multiplies by two matrices that it joins itself."""
    from transformers import MobileBertConfig, MobileBertForMaskedLM

    config = MobileBertConfig(
        vocab_size=11, hidden_size=16, embedding_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, intra_bottleneck_size=8, max_position_embeddings=20,
    )  # fmt: skip
    with pytest.raises(ModelError, match="MobileBertForMaskedLM is not supported"):
        cut(MobileBertForMaskedLM(config).eval())


SMALL = {"vocab_size": 30, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
SEQ2SEQ = {"vocab_size": 30, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
FFN = {"encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "decoder_attention_heads": 2, "pad_token_id": 0}
ODD = {
    "fnet": {"vocab_size": 30, "hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 16},
    "convbert": {**SMALL, "embedding_size": 16, "num_attention_heads": 4},
    "esm": {**SMALL, "pad_token_id": 1, "mask_token_id": 2, "position_embedding_type": "absolute"},
    "bart": {**SEQ2SEQ, **FFN},
    "mbart": {**SEQ2SEQ, **FFN},
    "mvp": {**SEQ2SEQ, **FFN},
    "mobilebert": {**SMALL, "embedding_size": 16, "intra_bottleneck_size": 16, "true_hidden_size": 16},
}


@pytest.mark.parametrize("name", ODD)
def test_an_architecture_that_cannot_be_cut_is_refused_by_name(name):
    """Whatever it raises: once ESM and BART ended in a RuntimeError, and FNet gave vectors that depend on the batch."""
    from transformers import AutoConfig, AutoModelForMaskedLM

    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(AutoConfig.for_model(name, **ODD[name], initializer_range=0.3)).eval()
    with pytest.raises(ModelError, match=rf"^{type(model).__name__} is not supported: "):
        cut(model)


@pytest.mark.parametrize("name", ["fnet", "convbert"])
def test_padding_that_mixes_into_tokens_is_what_is_said(name):
    from transformers import AutoConfig, AutoModelForMaskedLM

    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(AutoConfig.for_model(name, **ODD[name], initializer_range=0.3)).eval()
    with pytest.raises(ModelError, match="padding mixes into its tokens"):
        cut(model)


def test_weights_that_are_not_finite_are_refused():
    from transformers import BertForMaskedLM

    model = BertForMaskedLM(bert()).eval()
    torch.nn.init.constant_(model.cls.predictions.transform.dense.weight, float("nan"))
    with pytest.raises(ModelError, match="not finite"):
        cut(model)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_tensor_that_is_not_finite_is_refused_by_name(value, make_checkpoint):
    """One row of one word: no text without that word would show it."""
    from transformers import AutoModelForMaskedLM

    folder = make_checkpoint()
    model = AutoModelForMaskedLM.from_pretrained(folder)
    with torch.no_grad():
        model.bert.embeddings.word_embeddings.weight[19, 0] = value
    model.save_pretrained(folder)
    with pytest.raises(ModelError, match=r"the tensor 'bert\.embeddings\.word_embeddings\.weight' holds a number"):
        Splade(checkpoint=str(folder)).load("cpu")


@pytest.mark.parametrize(
    ("name", "limit"), [("bert", 260), ("distilbert", 260), ("roberta", 258), ("xlm-roberta", 259)]
)
def test_a_length_beyond_the_learnt_positions_is_refused(name, limit, make_checkpoint):
    """RoBERTa and its kin leave the positions up to that of the padding (1 and 0 here) unused."""
    folder = str(make_checkpoint(name))
    long = ["the cat " * 200]
    fits = Splade(checkpoint=folder, max_query_length=limit, max_document_length=limit).load("cpu")
    assert fits.encode(long, "document").truncated == 1
    with pytest.raises(ModelError, match=f"takes texts of {limit} tokens at most, not {limit + 1}"):
        Splade(checkpoint=folder, max_query_length=limit, max_document_length=limit + 1).load("cpu")


def test_a_model_without_learnt_positions_has_no_limit(make_checkpoint):
    splade = Splade(checkpoint=str(make_checkpoint("modernbert"))).load("cpu")
    assert splade.encode(["the cat " * 100], "document").vectors.nnz > 0


def test_an_encoder_without_its_head_is_refused_with_the_keys_it_lacks(shared_dir):
    rampart = shared_dir / "models" / "rampart-minilm-l6-v19730"
    with pytest.raises(ModelError) as refusal:
        Splade(checkpoint=str(rampart)).load("cpu")
    for key in ("cls.predictions.transform.dense.weight", "cls.predictions.bias", "holds instead: classifier.bias"):
        assert key in str(refusal.value)


def test_a_checkpoint_in_bfloat16_is_computed_in_float32(make_checkpoint):
    folder = make_checkpoint("bert")
    model = AutoModelForMaskedLM.from_pretrained(folder).to(torch.bfloat16)
    model.save_pretrained(folder)
    vectors = Splade(checkpoint=str(folder)).load("cpu").encode(TEXTS, "document").vectors
    model.float().save_pretrained(folder)
    np.testing.assert_allclose(vectors.toarray(), plain_vectors(folder, TEXTS, length=256), atol=1e-5)


def test_a_checkpoint_in_bfloat16_is_computed_in_its_own_precision_on_request(make_checkpoint):
    """The body is that of transformers in bfloat16; the decoder's products and the pooling are float32."""
    folder = make_checkpoint("bert")
    model = AutoModelForMaskedLM.from_pretrained(folder).to(torch.bfloat16).eval()
    model.save_pretrained(folder)
    splade = Splade(checkpoint=str(folder), dtype="bfloat16")
    loaded = splade.load("cpu")
    assert loaded.provenance()["document"]["precision"] == "bfloat16"
    assert splade.identity("document") != Splade(checkpoint=str(folder)).identity("document")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    head, rows = model.get_output_embeddings(), []
    with torch.inference_mode():
        for text in TEXTS:
            hidden = model.cls.predictions.transform(model.bert(**tokenizer(text, return_tensors="pt"))[0][0]).float()
            rows.append(torch.log1p(torch.relu(hidden @ head.weight.float().T + head.bias.float())).amax(0))
    np.testing.assert_allclose(
        loaded.encode(TEXTS, "document").vectors.toarray(), torch.stack(rows), rtol=0.02, atol=0.02
    )
    one_by_one = Splade(checkpoint=str(folder), dtype="bfloat16", batch_tokens=1).load("cpu").encode(TEXTS, "document")
    np.testing.assert_allclose(one_by_one.vectors.toarray(), torch.stack(rows), atol=1e-4)


def test_bfloat16_rounds_a_checkpoint_that_was_saved_otherwise_but_for_its_decoder(make_checkpoint):
    folder = str(make_checkpoint("bert"))
    low = Splade(checkpoint=folder, dtype="bfloat16").load("cpu")
    assert low.provenance()["document"]["precision"] == "bfloat16"
    exact, rounded = (each.encode(TEXTS, "document").vectors for each in (Splade(checkpoint=folder).load("cpu"), low))
    assert 0 < abs(exact - rounded).max() < 0.05
    decoder = AutoModelForMaskedLM.from_pretrained(folder).get_output_embeddings().weight
    assert torch.equal(low._sides["document"].model.weight, decoder), "not rounded"


@pytest.mark.gpu
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_gpu_gives_the_vectors_of_the_cpu(name, make_checkpoint):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    splade = Splade(checkpoint=str(make_checkpoint(name)), output_vocabulary=15)
    on_cpu, on_gpu = (splade.load(device).encode(TEXTS, "document").vectors for device in ("cpu", "cuda"))
    assert abs(on_cpu - on_gpu).max() < 1e-4
