"""SPLADE pooling with `cls`, which sentence-transformers lacks (METHODS 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentence_transformers.sparse_encoder.modules import SpladePooling as MaxOrSum

if TYPE_CHECKING:
    from torch import Tensor


class SpladePooling(MaxOrSum):  # type: ignore[misc]
    """Pooling ln(1 + relu(l[0,t])): the first token's logits alone.

    A folder that says so names this class, and so loads where sparsebench is installed, with trust_remote_code.
    """

    SPLADE_POOLING_MODES = ("cls", *MaxOrSum.SPLADE_POOLING_MODES)

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Pool `token_embeddings` (B, L, V) into `sentence_embedding` (B, V)."""
        if self.pooling_strategy != "cls":
            pooled: dict[str, Tensor] = super().forward(features)
            return pooled
        logits = features["token_embeddings"]
        if "cu_seq_lens_q" in features:  # sequences one after the other, without padding
            first = logits.squeeze(0)[features["cu_seq_lens_q"][:-1].long()]
        else:
            first = logits[:, 0]
        features["sentence_embedding"] = first.relu().log1p()
        self.embedding_dimension = first.shape[-1]
        return features


def pooling(strategy: str) -> MaxOrSum:
    """Make the pooling module: sentence-transformers' own wherever it has one."""
    return SpladePooling("cls") if strategy == "cls" else MaxOrSum(strategy)
