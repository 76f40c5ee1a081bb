"""A plan as a person reads it: each cell by name with its state, each group with what it still costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sparsebench.planning.because import NEVER, because
from sparsebench.planning.estimate import estimate_seconds
from sparsebench.planning.plan import Group
from sparsebench.planning.session import Session
from sparsebench.planning.shards import missing_documents
from sparsebench.records import SuiteFolder, is_finished
from sparsebench.records.made_of import Made, read_made
from sparsebench.types import Json, Sees


@dataclass(frozen=True)
class CellOverview:
    """A cell by the labels of its parts. cached: whether it is computed. key: what its record lies under.

    because: why it is to be computed; empty where it is.

    Example:
        >>> CellOverview("mini", "bm25", "none", sees="query", cached=False, key="5f…", because="new").cached
        False
    """

    collection: str
    model: str
    postprocessor: str
    sees: Sees
    cached: bool
    key: str
    because: str = ""


@dataclass(frozen=True)
class GroupOverview:
    """A model on a collection. documents: how many are not encoded yet. seconds: what that is likely to take, None
    where this model never encoded anything on this machine.

    Example:
        >>> GroupOverview("mini", "bm25", documents=120, seconds=None).documents
        120
    """

    collection: str
    model: str
    documents: int
    seconds: float | None


@dataclass(frozen=True)
class ModelOverview:
    """Overview of a model. as_authors: yes, no, or nothing where its authors' use is not known, and why not.
    trained_on: collections; None where nobody said. overrides: lengths of the suite in place of the checkpoint's."""

    model: str
    as_authors: str
    trained_on: tuple[str, ...] | None
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """Overview of a plan: its cells, its groups, and the models of which something is known."""

    cells: tuple[CellOverview, ...]
    groups: tuple[GroupOverview, ...]
    models: tuple[ModelOverview, ...] = ()


def overview(session: Session) -> Overview:
    """Look up what of a plan is in the store and among the records. Computes nothing."""
    groups = session.plan.groups
    made = tuple(read_made(SuiteFolder(session.folder)))
    cells = tuple(cell for group in groups for cell in _cells(session, group, made))
    about = {group.model.spec.label: group.model.about for group in groups}
    models = tuple(_model(label, found) for label, found in about.items() if set(found) & _SAID)
    return Overview(cells, tuple(_group(session, group) for group in groups), models)


def made_anew(session: Session, finished: Collection[str]) -> list[str]:
    """Say which cells that were computed once will be so again, and why: before hours go by, not after.

    finished: keys of the cells that are done; where all are, nothing is read.

    Example: `2 cells are computed again: engine numba -> exact_int8`.
    """
    left = [(group, cell) for group, cell in session.plan.cells if cell.key not in finished]
    folder = SuiteFolder(session.folder)
    made = tuple(read_made(folder)) if left else ()
    reasons = Counter(because(cell, group, folder, made) for group, cell in left)
    del reasons[NEVER]
    return [f"{many} {'cell is' if many == 1 else 'cells are'} computed again: {why}" for why, many in reasons.items()]


_SAID = {"as_authors", "trained_on"}


def _model(label: str, about: Mapping[str, Json]) -> ModelOverview:
    found = about.get("as_authors")
    because = f", because {'; '.join(found['because'])}" if found and found["because"] else ""
    trained_on = about.get("trained_on")
    return ModelOverview(
        label,
        f"{found['answer']}{because}" if found else "not known",
        None if trained_on is None else tuple(trained_on),
        tuple(about.get("overrides", ())),
    )


def _cells(session: Session, group: Group, made: Sequence[Made]) -> Iterator[CellOverview]:
    folder = SuiteFolder(session.folder)
    for cell in group.cells:
        cached = is_finished(folder, cell.key, first_ranks=group.counts_first_ranks)
        yield CellOverview(
            collection=group.collection.spec.label,
            model=group.model.spec.label,
            postprocessor=cell.spec.label,
            sees=cell.registered.plugin.factory.sees,
            cached=cached,
            key=cell.key,
            because="" if cached else because(cell, group, folder, made),
        )


def _group(session: Session, group: Group) -> GroupOverview:
    missing = missing_documents(group, session.store)
    seconds = estimate_seconds(group, missing, session.store)
    return GroupOverview(group.collection.spec.label, group.model.spec.label, missing, seconds)
