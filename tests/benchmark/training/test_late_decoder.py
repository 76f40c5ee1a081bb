"""Max pooling inside the decoder: values and gradients of pooling all logits, and an encoder that is itself again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers", reason="the extra [train] is not installed")

from sentence_transformers import SparseEncoder  # noqa: E402
from sentence_transformers.base.modules import Transformer  # noqa: E402
from sentence_transformers.sparse_encoder.modules import SpladePooling  # noqa: E402

from sparsebench.training import late_decoder  # noqa: E402
from sparsebench.training.late_decoder import defer, max_logits, restore  # noqa: E402

B, L, H, W = 5, 7, 4, 23


@pytest.fixture
def parts() -> tuple[torch.Tensor, ...]:
    """hidden, weight, bias, mask with texts of one to seven tokens."""
    generator = torch.Generator().manual_seed(0)
    hidden, weight, bias = (torch.randn(*shape, generator=generator) for shape in ((B, L, H), (W, H), (W,)))
    mask = torch.arange(L)[None] < torch.tensor([[7], [1], [3], [7], [5]])
    return hidden, weight, bias, mask


@pytest.mark.parametrize("block", [1, 5, 512])
def test_values_and_gradients_are_those_of_pooling_all_logits(
    parts: tuple[torch.Tensor, ...], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_decoder, "BLOCK", block)
    *tensors, mask = parts
    slopes = torch.randn(B, W, generator=torch.Generator().manual_seed(1))

    def gradients(late: bool) -> list[torch.Tensor]:
        hidden, weight, bias = own = [each.clone().requires_grad_() for each in tensors]
        if late:
            pooled = max_logits(hidden, weight, bias, mask).relu().log1p()
        else:
            pooled = ((hidden @ weight.T + bias) * mask[:, :, None]).relu().log1p().amax(dim=1)
        (pooled * slopes).sum().backward()
        return [pooled.detach(), *(each.grad for each in own)]

    for ours, theirs in zip(gradients(late=True), gradients(late=False), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert (gradients(late=True)[0] == 0).any(), "some entries must be inactive"


def test_a_text_without_an_active_entry_has_no_gradient(parts: tuple[torch.Tensor, ...]) -> None:
    hidden, weight, bias, mask = parts
    hidden = hidden.clone().requires_grad_()
    max_logits(hidden, weight, bias - 100, mask).relu().log1p().sum().backward()
    assert not hidden.grad.any()


@pytest.mark.parametrize("ids", [None, np.array([6, 9, 15])])
def test_a_deferred_encoder_gives_the_chosen_outputs_and_a_restored_one_all_of_them(
    backbone: Path, ids: np.ndarray | None
) -> None:
    transformer = Transformer(str(backbone), transformer_task="fill-mask", max_seq_length=16)
    encoder = SparseEncoder(modules=[transformer, SpladePooling("max")], device="cpu")
    encoder.eval()
    texts = ["apple", "red plum old tree", "sweet"]
    whole = encoder.encode(texts, convert_to_sparse_tensor=False)
    names = set(encoder.state_dict())
    defer(encoder, ids)
    torch.testing.assert_close(
        encoder.encode(texts, convert_to_sparse_tensor=False), whole if ids is None else whole[:, ids]
    )
    assert set(encoder.state_dict()) == names
    restore(encoder)
    torch.testing.assert_close(encoder.encode(texts, convert_to_sparse_tensor=False), whole)
