"""Ranking losses and regularisers that sentence-transformers lacks, and all of them put together (METHODS 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers.sparse_encoder import losses
from torch import Tensor, nn

from sparsebench.training.recipe import Loss, Settings

if TYPE_CHECKING:
    from sentence_transformers import SparseEncoder


class PairwiseNLL(nn.Module):
    """Loss -log softmax of a query's positive against its own negatives, mean over the batch (Formal et al. 2021)."""

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor | None = None) -> Tensor:
        """Compute the loss. embeddings: of queries, positives and one or more negatives, each (B, V)."""
        queries, *documents = embeddings
        scores = torch.stack([(queries * each).sum(dim=1) for each in documents], dim=1)  # (B, 1 + negatives)
        return -scores.log_softmax(dim=1)[:, 0].mean()


class InBatchNLL(nn.Module):
    """InfoNCE: a query's positive against the positives of the batch and its *own* negatives.

    sentence-transformers' SparseMultipleNegativesRankingLoss adds other queries' negatives; without negatives the two
    are equal.
    """

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor | None = None) -> Tensor:
        """Compute the loss. embeddings: of queries, positives and any number of negatives, each (B, V)."""
        queries, positives, *negatives = embeddings
        own = [(queries * each).sum(dim=1, keepdim=True) for each in negatives]
        scores = torch.cat([queries @ positives.T, *own], dim=1)  # (B, B + negatives)
        return nn.functional.cross_entropy(scores, torch.arange(len(queries), device=scores.device))


class L1(nn.Module):
    """L1 regulariser: mean_b sum_t |w[b,t]|."""

    def compute_loss_from_embeddings(self, embeddings: Tensor) -> Tensor:
        """Compute the loss. embeddings: (B, V)."""
        return embeddings.abs().sum(dim=1).mean()


class DfFlops(nn.Module):
    """FLOPS with a weight for each term by its document frequency (arXiv 2505.15070; METHODS 2.7).

    sum_t (g(DF_t / N) mean_b |w[b,t]|)^2 with g(x) = 1 / (1 + (x^(log_alpha 2) - 1)^beta), so that g is 0 for terms in
    no document, 1/2 at a share of alpha and 1 for terms in all.
    DF_t counts the documents of the last `every` batches in which the model's own encodings have t active: these are
    at hand, where a sample would have to be encoded. Before the first count g is 1.

    >>> regulariser = DfFlops(alpha=0.1, beta=10.0, every=1)
    >>> round(float(regulariser.weight(torch.tensor([0.1]))), 3)
    0.5
    """

    def __init__(self, *, alpha: float, beta: float, every: int) -> None:
        super().__init__()
        self._exponent = math.log(2) / math.log(alpha)
        self._beta, self._every = beta, every
        self.steps = self.documents = 0
        self.weights: Tensor | None = None  # (V,), None before the first count
        self.counts: Tensor | None = None  # (V,)

    def weight(self, share: Tensor) -> Tensor:
        """Weights in [0, 1] of terms by the share of documents, in [0, 1], that have them."""
        return 1 / (1 + (share**self._exponent - 1) ** self._beta)

    def compute_loss_from_embeddings(self, embeddings: Tensor) -> Tensor:
        """Compute the loss. embeddings: (B, V)."""
        means = embeddings.abs().mean(dim=0)  # (B, V) -> (V,)
        penalty = ((means if self.weights is None else self.weights * means) ** 2).sum()
        self._count(embeddings.detach())
        return penalty

    def _count(self, embeddings: Tensor) -> None:
        active = (embeddings != 0).sum(dim=0)
        self.counts = active if self.counts is None else self.counts + active
        self.documents += len(embeddings)
        self.steps += 1
        if self.steps % self._every == 0:
            self.weights = self.weight(self.counts / self.documents)
            self.counts, self.documents = None, 0

    def remember(self) -> dict[str, Any]:
        """The counts so far, for a training that goes on after a kill."""
        return {name: getattr(self, name) for name in ("steps", "documents", "weights", "counts")}

    def recall(self, state: Mapping[str, Any]) -> None:
        """Go on from what was remembered."""
        for name, value in state.items():
            setattr(self, name, value)


class Counted(nn.Module):
    """A regulariser that remembers the mean number of active entries of the last batch: `l0`."""

    def __init__(self, regulariser: nn.Module) -> None:
        super().__init__()
        self.regulariser = regulariser
        self.l0: Tensor | None = None

    def compute_loss_from_embeddings(self, embeddings: Tensor) -> Tensor:
        """Compute the loss. embeddings: (B, V)."""
        self.l0 = (embeddings.detach() != 0).sum(dim=1).float().mean()
        penalty: Tensor = self.regulariser.compute_loss_from_embeddings(embeddings)  # type: ignore[operator]
        return penalty


def ranking_loss(name: Loss, model: SparseEncoder) -> nn.Module:
    """Make the ranking loss that a recipe names."""
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

    def regulariser(name: str) -> Counted:
        if name == "df_flops":
            return Counted(DfFlops(alpha=settings.df_alpha, beta=settings.df_beta, every=settings.df_every))
        return Counted(L1() if name == "l1" else losses.FlopsLoss(model))

    queries = "l1" if settings.regulariser == "l1" else "flops"
    loss: nn.Module = losses.SpladeLoss(
        model,
        loss=ranking_loss(settings.loss, model),
        document_regularizer_weight=settings.lambda_d * settings.lambda_factor,
        query_regularizer_weight=settings.lambda_q * settings.lambda_factor,
        document_regularizer=regulariser(settings.regulariser),
        query_regularizer=regulariser(queries),
    )
    return loss
