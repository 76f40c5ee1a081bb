"""The noise floor of a model on a collection (METHODS 4): the most that any other way of encoding moves a mean."""

from __future__ import annotations

from dataclasses import replace

from sparsebench.errors import SparsebenchError
from sparsebench.evaluate.forms.paired import PairedForm
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.noise.again import Again
from sparsebench.evaluate.noise.again_paired import AgainPaired
from sparsebench.evaluate.noise.variations import Variation, variations
from sparsebench.planning import Group
from sparsebench.planning.model import resolve_model
from sparsebench.progress import Silent
from sparsebench.provenance import Stopwatch, hardware
from sparsebench.records.noise import Change, GroupNoise, vectors_digest
from sparsebench.registry import Registry
from sparsebench.store import Store


def group_noise(evaluation: Evaluation, registry: Registry, store: Store, sample: int) -> GroupNoise:
    """Measure it; a scorer encodes nothing, so nothing moves it. sample: documents to encode again, at most."""
    group, nothing = evaluation.group, _described(evaluation.group)
    again = _again(evaluation, sample)
    if again is None:
        return nothing
    changes: list[Change] = []
    left_out: dict[str, str] = {}
    tried = variations(group.model.registered.plugin.factory, group.model.spec.params, group.device)
    with evaluation.progress.step("encode again", len(tried), "variations") as advance:
        for variation in tried:
            try:
                other = _varied(evaluation, variation, registry, store)
                if other is not None:
                    again.load(other)
            except SparsebenchError as error:  # an engine that only other machines have
                left_out[variation.name] = str(error)
            else:
                changes += [again.change(variation, other)] if other else []
            advance(1)
    floors = {
        name: max((abs(change.means[name]) for change in changes if change.counts), default=0.0)
        for name in group.measures
    }
    found = {"floors": floors, "changes": tuple(changes), "left_out": left_out, **again.counts}
    return nothing.model_copy(update=found)


def _described(group: Group) -> GroupNoise:
    """Describe a group for the record before anything is measured."""
    return GroupNoise(
        collection=group.collection.spec.label,
        model=group.model.spec.label,
        made_of=vectors_digest(group.described_identities, group.content_digests),
        hardware=hardware(group.device)["fingerprint"],
        documents=len(group.collection.corpus.doc_ids),
        floors=dict.fromkeys(group.measures, 0.0),
    )


def _again(evaluation: Evaluation, sample: int) -> Again | AgainPaired | None:
    if evaluation.form.has_vectors:
        return Again(evaluation, sample)
    return AgainPaired(evaluation, sample) if isinstance(evaluation.form, PairedForm) else None


def _varied(evaluation: Evaluation, variation: Variation, registry: Registry, store: Store) -> Evaluation | None:
    """The group with a variation; None where it is the suite's own under another name (`auto` spelled out)."""
    group = evaluation.group
    if not variation.params:
        return evaluation
    spec = group.model.spec.model_copy(update={"params": {**group.model.spec.params, **variation.params}})
    other = replace(group, model=resolve_model(spec, registry))
    if variation.named and other.identities == group.identities:
        return None
    return Evaluation(other, store, Silent(), Stopwatch())
