"""Ranking losses and regularisers that sentence-transformers lacks, and all of them put together (METHODS 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from sentence_transformers.sparse_encoder import losses
from torch import Tensor, nn

from sparsebench.training.recipe import Loss, Settings

if TYPE_CHECKING:
    from sentence_transformers import SparseEncoder


class PairwiseNLL(nn.Module):
    """-log softmax of a query's positive against its own negatives, mean over the batch (Formal et al. 2021)."""

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor | None = None) -> Tensor:
        """embeddings: of queries, positives and one or more negatives, each (B, V)."""
        queries, *documents = embeddings
        scores = torch.stack([(queries * each).sum(dim=1) for each in documents], dim=1)  # (B, 1 + negatives)
        return -scores.log_softmax(dim=1)[:, 0].mean()


class InBatchNLL(nn.Module):
    """InfoNCE: a query's positive against the positives of the batch and its *own* negatives.

    sentence-transformers' SparseMultipleNegativesRankingLoss adds other queries' negatives; without negatives the two
    are equal.
    """

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor | None = None) -> Tensor:
        """embeddings: of queries, positives and any number of negatives, each (B, V)."""
        queries, positives, *negatives = embeddings
        own = [(queries * each).sum(dim=1, keepdim=True) for each in negatives]
        scores = torch.cat([queries @ positives.T, *own], dim=1)  # (B, B + negatives)
        return nn.functional.cross_entropy(scores, torch.arange(len(queries), device=scores.device))


class L1(nn.Module):
    """mean_b sum_t |w[b,t]|."""

    def compute_loss_from_embeddings(self, embeddings: Tensor) -> Tensor:
        """embeddings: (B, V)."""
        return embeddings.abs().sum(dim=1).mean()


class Counted(nn.Module):
    """A regulariser that remembers the mean number of active entries of the last batch: `l0`."""

    def __init__(self, regulariser: nn.Module) -> None:
        super().__init__()
        self.regulariser = regulariser
        self.l0: Tensor | None = None

    def compute_loss_from_embeddings(self, embeddings: Tensor) -> Tensor:
        """embeddings: (B, V)."""
        self.l0 = (embeddings.detach() != 0).sum(dim=1).float().mean()
        penalty: Tensor = self.regulariser.compute_loss_from_embeddings(embeddings)  # type: ignore[operator]
        return penalty


def ranking_loss(name: Loss, model: SparseEncoder) -> nn.Module:
    """By its name in a recipe."""
    if name == "nll":
        return PairwiseNLL()
    if name == "infonce":
        return InBatchNLL()
    distillation: nn.Module = (
        losses.SparseMarginMSELoss(model)
        if name == "margin_mse"
        else losses.SparseDistillKLDivLoss(model, temperature=1.0)
    )
    return distillation


def splade_loss(settings: Settings, model: SparseEncoder) -> nn.Module:
    """The ranking loss with both regularisers, each counting what it sees.

    The documents' regulariser sees positives and negatives as one batch, as sentence-transformers has it.
    """

    def regulariser() -> Counted:
        return Counted(L1() if settings.regulariser == "l1" else losses.FlopsLoss(model))

    loss: nn.Module = losses.SpladeLoss(
        model,
        loss=ranking_loss(settings.loss, model),
        document_regularizer_weight=settings.lambda_d * settings.lambda_factor,
        query_regularizer_weight=settings.lambda_q * settings.lambda_factor,
        document_regularizer=regulariser(),
        query_regularizer=regulariser(),
    )
    return loss
