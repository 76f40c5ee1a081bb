"""Decoders that compute some outputs, in every architecture of the paper's recipes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from sparsebench.errors import TrainingError  # noqa: E402
from sparsebench.training.backbone import head_parameters  # noqa: E402
from sparsebench.training.narrow import check_narrow, narrow, silence, widen  # noqa: E402

V, h = 20, 8
SHAPE = {"hidden_size": h, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
CONFIGS = {
    "bert": transformers.BertConfig(vocab_size=V, **SHAPE),
    "roberta": transformers.RobertaConfig(vocab_size=V, **SHAPE),
    "distilbert": transformers.DistilBertConfig(vocab_size=V, dim=h, n_layers=1, n_heads=2, hidden_dim=8),
    "modernbert": transformers.ModernBertConfig(
        vocab_size=V, **SHAPE, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2
    ),
}
IDS = np.array([3, 4, 11])
TOKENS = torch.tensor([[5, 6, 7]])


@pytest.fixture(params=CONFIGS)
def model(request: pytest.FixtureRequest) -> torch.nn.Module:
    torch.manual_seed(0)
    return transformers.AutoModelForMaskedLM.from_config(CONFIGS[request.param]).eval()


@torch.no_grad()
def test_a_narrow_decoder_computes_its_outputs_alone_and_a_widened_one_keeps_the_others_off(model) -> None:
    whole = model(input_ids=TOKENS).logits
    names = set(model.state_dict())
    narrow(model, IDS)
    torch.testing.assert_close(model(input_ids=TOKENS).logits, whole[..., IDS])
    assert set(model.state_dict()) == names
    widen(model)
    silence(model, IDS)
    logits = model(input_ids=TOKENS).logits
    torch.testing.assert_close(logits[..., IDS], whole[..., IDS])
    assert (np.delete(logits.numpy(), IDS, axis=-1) < -1000).all()


def test_what_a_narrow_decoder_learns_reaches_the_parameters_that_are_saved(model) -> None:
    narrow(model, IDS)
    model(input_ids=TOKENS).logits.sum().backward()
    decoder = model.get_output_embeddings()
    moved = decoder.bias.grad.nonzero().flatten()
    np.testing.assert_array_equal(moved, IDS)


def test_a_decoder_without_bias_cannot_leave_outputs_out() -> None:
    model = transformers.AutoModelForMaskedLM.from_config(
        transformers.ModernBertConfig(**CONFIGS["modernbert"].to_diff_dict() | {"decoder_bias": False})
    )
    with pytest.raises(TrainingError, match="ModernBertForMaskedLM has a decoder without bias"):
        check_narrow(model)


def test_the_head_is_all_but_encoder_and_embeddings(model) -> None:
    sizes = sorted(parameter.numel() for _, parameter in {id(p): (n, p) for n, p in head_parameters(model)}.values())
    assert V in sizes, "the decoder's bias"
    assert h * h in sizes, "the transform"
    assert V * h not in sizes, "the decoder is tied to the embeddings"
