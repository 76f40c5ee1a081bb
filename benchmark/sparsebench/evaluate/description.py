"""A cell in the words of its record."""

from __future__ import annotations

from sparsebench.checkpoints.known import is_zero_shot
from sparsebench.collection import IrDatasets
from sparsebench.planning import Group, PlannedCell
from sparsebench.provenance.digests import portable
from sparsebench.records import CellDescription, Part
from sparsebench.suite import PostprocessorSpec
from sparsebench.types import Json


def describe(group: Group, cell: PlannedCell) -> CellDescription:
    """Describe what is evaluated: names, labels, and every parameter with its default filled in."""
    model = group.model.spec
    return CellDescription(
        collection=_collection(group),
        model=Part(name=model.name, label=model.label, params=portable(model.params)),
        postprocessor=_postprocessor(cell.spec),
        candidates=cell.candidates,
        depth=group.depth,
        about_model=_about(group),
    )


def _about(group: Group) -> dict[str, Json]:
    """Return what is known of the model, and whether it was trained on this collection."""
    about, spec = group.model.about, group.collection.spec
    id_ = spec.id if isinstance(group.collection.source, IrDatasets) else None
    trained_on = about.get("trained_on")
    if trained_on is None:
        return dict(about)
    return {**about, "zero_shot": is_zero_shot(tuple(trained_on), id_, spec.name)}


def _collection(group: Group) -> Part:
    spec, collection = group.collection.spec, group.collection
    params: dict[str, Json] = {
        # Others know a collection by its id in ir_datasets; a folder, files or a package's own have none.
        "ir_datasets": spec.id if isinstance(collection.source, IrDatasets) else None,
        "split": spec.split,
        "domain": spec.domain,
        "drop_own_id": spec.drop_own_id,
        "measures": list(group.measures),
        **collection.roles,
        **({"params": portable(spec.params)} if spec.params else {}),
    }
    return Part(name=spec.id or spec.name, label=spec.name, params=params)


def _postprocessor(spec: PostprocessorSpec) -> Part:
    sample = {"bank": spec.bank.model_dump(mode="json")} if spec.bank else {}
    return Part(name=spec.name, label=spec.label, params={**portable(spec.params), "scale": spec.scale, **sample})
