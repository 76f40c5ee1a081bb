"""The losses and regularisers against METHODS 1."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sentence_transformers", reason="the extra [train] is not installed")

from sentence_transformers.sparse_encoder import losses  # noqa: E402

from sparsebench.training.callbacks import QuadraticSchedule  # noqa: E402
from sparsebench.training.losses import L1, Counted, DfFlops, InBatchNLL, PairwiseNLL, ranking_loss  # noqa: E402

VECTORS = torch.tensor([[1.0, 0, 2, 0], [0, 0, 2, 1], [3, 0, 0, 1]])
QUERIES = torch.eye(2)
POSITIVES = torch.tensor([[3.0, 0.5], [0.0, 1.0]])  # scores [[3, 0], [.5, 1]]
NEGATIVES = torch.tensor([[1.0, 9.0], [9.0, 2.0]])  # own scores 1 and 2; those of the other query are 9
TEACHER = torch.tensor([[5.0, 2.0], [4.0, 4.0]])


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [("nll", None, 0.720095), ("infonce", None, 0.817107), ("margin_mse", TEACHER, 1.0), ("kl", TEACHER, 0.075515)],
)
def test_every_ranking_loss_has_its_worked_value(name: str, labels: object, expected: float) -> None:
    loss = ranking_loss(name, None).compute_loss_from_embeddings([QUERIES, POSITIVES, NEGATIVES], labels)
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_in_batch_nll_without_negatives_is_the_loss_of_sentence_transformers() -> None:
    torch.manual_seed(0)
    queries, positives = torch.rand(5, 7), torch.rand(5, 7)
    theirs = losses.SparseMultipleNegativesRankingLoss(None).compute_loss_from_embeddings([queries, positives], None)
    assert InBatchNLL().compute_loss_from_embeddings([queries, positives]).item() == pytest.approx(theirs.item())


def test_pairwise_nll_takes_several_negatives() -> None:
    one = PairwiseNLL().compute_loss_from_embeddings([QUERIES, POSITIVES, NEGATIVES])
    two = PairwiseNLL().compute_loss_from_embeddings([QUERIES, POSITIVES, NEGATIVES, NEGATIVES])
    assert two > one


@pytest.mark.parametrize(("regulariser", "expected"), [(losses.FlopsLoss(None), 4.0), (L1(), 10 / 3)])
def test_regularisers_have_their_worked_values_and_count_active_entries(regulariser: object, expected: float) -> None:
    counted = Counted(regulariser)
    assert counted.compute_loss_from_embeddings(VECTORS).item() == pytest.approx(expected)
    assert counted.l0 == 2


@pytest.mark.parametrize(("step", "weight"), [(0, 0), (500, 3e-8), (25_000, 7.5e-5), (50_000, 3e-4), (150_000, 3e-4)])
@pytest.mark.parametrize("total", [20_000, 150_000])
def test_the_schedule_is_quadratic_in_steps_however_long_the_training(step: int, weight: float, total: int) -> None:
    loss = losses.SpladeLoss(
        None, PairwiseNLL(), document_regularizer_weight=3e-4, query_regularizer_weight=3e-4, query_regularizer=L1()
    )
    schedule = QuadraticSchedule(loss, 50_000)
    schedule.on_train_begin(None, SimpleNamespace(max_steps=total), None)
    schedule.on_step_begin(None, SimpleNamespace(global_step=step), None)
    assert loss.document_regularizer_weight == pytest.approx(weight)
    assert loss.query_regularizer_weight == pytest.approx(weight)


def test_df_flops_weighs_terms_by_their_share_of_the_documents() -> None:
    regulariser = DfFlops(alpha=0.1, beta=10.0, every=1)
    weights = regulariser.weight(torch.tensor([0.0, 0.05, 0.1, 0.2, 1.0], dtype=torch.float64))
    assert weights[[0, 2, 4]].tolist() == pytest.approx([0.0, 0.5, 1.0])
    assert weights[1] < 0.5 < weights[3]


def test_df_flops_is_flops_until_it_has_counted() -> None:
    vectors = torch.tensor([[1.0, 0, 2, 0], [0, 0, 2, 1], [3, 0, 0, 1]])
    regulariser = DfFlops(alpha=0.1, beta=10.0, every=2)
    assert regulariser.compute_loss_from_embeddings(vectors).item() == pytest.approx(4.0)  # METHODS 1
    assert regulariser.compute_loss_from_embeddings(vectors).item() == pytest.approx(4.0)
    shares = torch.tensor([2 / 3, 0, 2 / 3, 2 / 3])  # active in two of three documents, or in none
    expected = ((regulariser.weight(shares) * vectors.mean(dim=0)) ** 2).sum().item()
    assert regulariser.compute_loss_from_embeddings(vectors).item() == pytest.approx(expected)


def test_df_flops_that_was_stopped_goes_on_with_the_same_counts() -> None:
    batches = [torch.rand(4, 6, generator=torch.Generator().manual_seed(seed)).sub(0.5).relu() for seed in range(5)]
    whole, first, second = (DfFlops(alpha=0.1, beta=10.0, every=2) for _ in range(3))
    expected = [whole.compute_loss_from_embeddings(batch).item() for batch in batches]
    found = [first.compute_loss_from_embeddings(batch).item() for batch in batches[:3]]
    second.recall(first.remember())
    assert [*found, *(second.compute_loss_from_embeddings(batch).item() for batch in batches[3:])] == expected
