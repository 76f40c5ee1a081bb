"""Runs and judgments to values: stage `measure`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from sparsebench.measures import measure
from sparsebench.measures.fast import fast_measure
from sparsebench.types import Qrels, Run
from speed import bench as suite
from speed.bench import Bench, Item

JUDGED = 50
NAMES = ("nDCG@10", "RR@10", "R@100")


def items(bench: Bench) -> Iterator[Item]:
    """One run of many queries, as a cell has; many rankings of one query, as a removal study or a bootstrap has."""
    queries, depth = bench.size((2_000, 1_000), (500, 100))
    run, qrels = random_run(queries, depth)
    yield from bench.compare(
        stage="measure",
        subject=f"{queries:,} queries x {depth:,}: {', '.join(NAMES)}",
        unit="s",
        value=lambda seconds: seconds,
        ours=partial(measure, run, qrels, NAMES, depth=depth),
        peers={
            "ir_measures, from a DataFrame": partial(_ir_measures, run, qrels),
            "pytrec_eval": partial(_pytrec_eval, run, qrels),
            "ranx": partial(_ranx, run, qrels),
        },
        notes={"pytrec_eval": "leaves ties to floats", "ranx": "leaves ties to the order of the run"},
    )
    yield from _sweep(bench)


def random_run(queries: int, depth: int) -> tuple[Run, Qrels]:
    """Random rankings, half of the judged documents among the ranked."""
    generator = np.random.default_rng(0)
    scores = np.sort(generator.random((queries, depth)), axis=1)[:, ::-1].tolist()
    names = [f"d{number}" for number in range(2 * depth)]
    run, qrels = {}, {}
    for query, own in enumerate(scores):
        ranked = generator.permutation(2 * depth)
        run[f"q{query}"] = {
            names[document]: score for document, score in zip(ranked[:depth].tolist(), own, strict=True)
        }
        judged = generator.choice(2 * depth, min(JUDGED, depth), replace=False).tolist()
        qrels[f"q{query}"] = {names[document]: int(document % 3) for document in judged}
    return run, qrels


def _ir_measures(run: Run, qrels: Qrels) -> suite.Run:
    import ir_measures
    import pandas as pd

    measures = [ir_measures.parse_measure(name) for name in NAMES]
    ranked = [(query, document, score) for query, hits in run.items() for document, score in hits.items()]
    judged = [(query, document, grade) for query, grades in qrels.items() for document, grade in grades.items()]
    frames = (
        pd.DataFrame(judged, columns=["query_id", "doc_id", "relevance"]),
        pd.DataFrame(ranked, columns=["query_id", "doc_id", "score"]),
    )
    return lambda: list(ir_measures.iter_calc(measures, *frames))


def _pytrec_eval(run: Run, qrels: Qrels) -> suite.Run:
    import pytrec_eval

    evaluator = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut_10", "recip_rank", "recall_100"})
    return partial(evaluator.evaluate, run)


def _ranx(run: Run, qrels: Qrels) -> suite.Run:
    import ranx

    def evaluate() -> None:
        ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), ["ndcg@10", "mrr@10", "recall@100"])

    return evaluate


def _sweep(bench: Bench) -> Iterator[Item]:
    rankings, cutoff = bench.size(10_000, 1_000), 10
    run, qrels = random_run(rankings, 100)
    grades_of = qrels["q0"]
    one = dict.fromkeys(run, grades_of)
    grades = np.array([[grades_of.get(document, 0) for document in list(hits)[:cutoff]] for hits in run.values()])
    judged, fast = np.array(list(grades_of.values())), fast_measure(f"nDCG@{cutoff}")
    yield from bench.compare(
        stage="measure",
        subject=f"{rankings:,} rankings of a query: nDCG@{cutoff}",
        unit="ms",
        value=lambda seconds: 1e3 * seconds,
        ours=partial(fast.values, grades, judged),
        peers={
            "ir_measures, from dicts": lambda: partial(measure, run, one, [fast.name], depth=100),
            "pytrec_eval": partial(_pytrec_eval, run, one),
        },
        notes=dict.fromkeys(("ir_measures, from dicts", "pytrec_eval"), "from runs; ours from grades"),
    )
