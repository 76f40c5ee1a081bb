"""The encoders that ours are measured beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from speed.bench import Run

LENGTH = 256
SENTENCE_TRANSFORMERS = "sentence-transformers SparseEncoder"


def sentence_transformers(folder: Path, texts: Sequence[str], batch: int = 32) -> Run:
    """Make sentence-transformers' encoder as it is used: batches of 32."""
    from sentence_transformers import SparseEncoder

    model = SparseEncoder(str(folder), device="cpu")
    model.max_seq_length = LENGTH
    return partial(model.encode, list(texts), batch_size=batch, show_progress_bar=False)


def _yasem(folder: Path, texts: Sequence[str]) -> Run:
    from yasem import SpladeEmbedder

    model = SpladeEmbedder(str(folder), device="cpu", max_seq_length=LENGTH, use_fp16=False)
    return partial(model.encode, list(texts), batch_size=32)


def _full_logits(folder: Path, texts: Sequence[str]) -> Run:
    """The loop of many papers' code: batches of 32 in the order given, all logits, then max(log(1 + relu(.)))."""
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    model, tokenizer = AutoModelForMaskedLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)

    def run() -> None:
        with torch.inference_mode():
            for start in range(0, len(texts), 32):
                batch = list(texts[start : start + 32])
                tokens = tokenizer(batch, padding=True, truncation=True, max_length=LENGTH, return_tensors="pt")
                weights = torch.log1p(torch.relu(model(**tokens).logits)) * tokens["attention_mask"][:, :, None]
                weights.amax(dim=1).to_sparse_csr()

    return run


PEERS: Mapping[str, Callable[..., Run]] = {
    SENTENCE_TRANSFORMERS: sentence_transformers,
    f"{SENTENCE_TRANSFORMERS}, batch 8": partial(sentence_transformers, batch=8),
    "yasem": _yasem,
    "transformers, all logits at once": _full_logits,
}
