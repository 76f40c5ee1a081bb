"""One adapter a form of model: whatever the form, the same questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toys
from sparsebench import ModelPlugin, Query, hookimpl
from sparsebench.contracts import Model
from sparsebench.evaluate import forms
from sparsebench.evaluate.forms import Form, Part, Scores
from sparsebench.leaderboard import Board
from sparsebench.progress import Silent
from sparsebench.runner import Runner
from sparsebench.search import MatrixScores
from sparsebench.store import Store
from sparsebench.types import Json, Role


class Lengths(Model):
    """A model of a form that nobody wrote an adapter for: the longer a document, the better."""

    def identity_of(self, role: Role) -> Mapping[str, Json]:
        return {"lengths": 1}


class LengthsForm(Form[Lengths]):
    def scores(self, queries: Sequence[Query], part: Part) -> Scores[MatrixScores]:
        lengths = [len(document.text) for document in self.collection.source.documents()]
        return Scores(
            MatrixScores(np.tile(np.array(lengths, np.float32), (len(queries), 1))), {"longest": max(lengths)}
        )


class LengthsPlugin:
    @hookimpl
    def register_models(self) -> Iterable[ModelPlugin]:
        return [ModelPlugin("lengths", Lengths, "longest first")]


def run(tmp_path: Path) -> Board:
    suite = toys.write_suite(tmp_path / "toy.yaml", toys.write_collection(tmp_path / "fruit"), ANALYZED)
    store = Store(tmp_path / "store")
    plan = toys.plan_suite(suite, store, toys.registry(LengthsPlugin()))
    return Runner(store, tmp_path / "runs", Silent()).run(plan)


ANALYZED = "models: [lengths, words]\nanalyzers: [sparsity]\n"


def test_a_new_form_of_model_is_a_class_and_an_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapters: dict[type, type[Form[Any]]] = {**forms.FORMS, Lengths: LengthsForm}
    monkeypatch.setattr(forms, "FORMS", adapters)
    ours, others = run(tmp_path).records
    assert ours.status == others.status == "ok", ours.error
    # "apple fruit" (d1), "stone stone" (d4) are the longest; ties by doc_id descending: d4, d1, d3, d2 for all queries.
    assert ours.measures["RR@10"] == pytest.approx((1 / 2 + 1 / 3 + 1 / 4 + 1) / 4)
    assert ours.provenance.collection is not None
    assert ours.provenance.collection.counts["longest"] == 11
    assert "not vectors" in ours.analysis["sparsity"]["not_applicable"]


def test_a_model_of_no_form_fails_alone_and_is_named(tmp_path: Path) -> None:
    ours, others = run(tmp_path).records
    assert (ours.status, others.status) == ("failed", "ok")
    assert "'lengths'" in str(ours.error)
    assert "sparsebench.SparseEncoder" in str(ours.error)
