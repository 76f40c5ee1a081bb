"""One adapter for each form of model, which answers the same questions about the queries of a group.

To add a form:

1. Derive its class from `sparsebench.contracts.Model`, where plugins find it, and say there what a plan must know
   before anything is loaded: `stored_as`, `reads_corpus`, `default_candidates`, `identity_of`.
2. Write a module here with a `Form` that answers `scores`, and where the model has them `facts` and `vectors`. What it
   encodes goes through the store under `Model.stored_as`, in shards that `planning.shards` can name.
3. Name the pair in `FORMS`.
4. Give its rules to `sparsebench.testing.models`.

Nothing else asks what form a model is of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparsebench.contracts import PairedEncoder, Scorer, VectorModel
from sparsebench.errors import PluginError
from sparsebench.evaluate.forms.form import Form, Part, Scores
from sparsebench.evaluate.forms.paired import PairedForm
from sparsebench.evaluate.forms.scorer import ScorerForm
from sparsebench.evaluate.forms.vectors import VectorForm
from sparsebench.planning import Group
from sparsebench.planning.broken import BrokenModel
from sparsebench.progress import Progress
from sparsebench.provenance import Stopwatch
from sparsebench.store import Store

FORMS: Mapping[type, type[Form[Any]]] = {
    VectorModel: VectorForm,
    PairedEncoder: PairedForm,
    Scorer: ScorerForm,
}

PUBLIC = ("SparseEncoder", "CollectionModel", "VectorsById", "PairedEncoder", "Scorer")
"""The names under which plugins find the forms."""


def form_of(group: Group, store: Store, progress: Progress, watch: Stopwatch) -> Form[Any]:
    """The adapter of the group's model; raises PluginError for a class that derives from no form."""
    model = group.model.model
    if isinstance(model, BrokenModel):
        raise PluginError(model.why)
    for kind, form in FORMS.items():
        if isinstance(model, kind):
            return form(group, model, store, progress, watch)
    raise PluginError(
        f"model {group.model.spec.name!r}: {type(model).__name__} is of no form; a model derives from one of "
        f"{', '.join(f'sparsebench.{name}' for name in PUBLIC)}"
    )


__all__ = ["FORMS", "Form", "Part", "Scores", "form_of"]
