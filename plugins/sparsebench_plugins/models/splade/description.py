"""Description of a checkpoint in plan and record: lengths, overrides, whether it is as its authors ran it."""

from __future__ import annotations

from collections.abc import Mapping

from sparsebench import Json, ModelError, Role
from sparsebench.checkpoints import Known, as_authors_ran_it
from sparsebench_plugins.models.splade.checkpoint import Checkpoint
from sparsebench_plugins.models.splade.encoder import Use
from sparsebench_plugins.models.splade.parameters import CheckpointParameters

ALTERATIONS = ("output_vocabulary", "query_prompt", "document_prompt")
"""Parameters that make another model of a checkpoint."""


def about(
    parameters: CheckpointParameters,
    queries: str,
    sides: Mapping[Role, tuple[Checkpoint, Use]],
    altered: tuple[str, ...] = (),
) -> dict[str, Json]:
    """Facts for plan, record and table.

    queries: what a query becomes, in the words of `sparsebench.checkpoints.known`. altered: further parameters that are
    set and make another model of it.
    """
    uses = {role: use for role, (_, use) in sides.items()}
    found: dict[str, Json] = {
        "queries": queries,
        "lengths": {role: use.length for role, use in uses.items()},
        "overrides": _overrides(parameters, sides),
    }
    facts = sides["document"][0].known
    if facts is None:
        return found
    set_here = [name for name in ALTERATIONS if getattr(parameters, name) is not None]
    because = as_authors_ran_it(
        facts,
        {
            "queries": queries,
            "lengths": found["lengths"],
            "prune": {role: _kept(facts, *side) for role, side in sides.items()},
            "prune_ratio": {role: use.ratio for role, use in uses.items()},
            "altered": [*set_here, *altered],
        },
    )
    found["as_authors"] = {"answer": "no" if because else "yes", "because": because}
    return found if facts.trained_on is None else {**found, "trained_on": list(facts.trained_on)}


def _kept(facts: Known, checkpoint: Checkpoint, use: Use) -> int | None:
    """Entries that pruning leaves, but for what the folder itself declares: that is its authors' own."""
    return None if facts.prune is None and use.keep == checkpoint.declared.keep else use.keep


def refuse_symmetric(checkpoint: Checkpoint, *, expands: bool) -> None:
    """Refuse (ModelError) a plain checkpoint whose queries do not expand, where nothing in its files says so."""
    facts = checkpoint.known
    if facts is None or facts.queries == "model" or checkpoint.declared.root is not None:
        return
    if facts.queries == "own tokens":
        if expands:
            raise ModelError(f"checkpoint {checkpoint.name!r}: queries keep their own tokens; `expand_queries: false`")
        return
    raise ModelError(
        f"checkpoint {checkpoint.name!r}: its queries pass through no model; the model `splade_doc` evaluates it"
        + (" with `query_weights: checkpoint`" if facts.queries == "weights of tokens" else "")
    )


def _overrides(parameters: CheckpointParameters, sides: Mapping[Role, tuple[Checkpoint, Use]]) -> list[Json]:
    """Lengths of the suite that stand in place of those that a folder declares."""
    return [
        f"{role}s: {parameters.length(role)} tokens, declared {checkpoint.declared.length or 'all'}"
        for role, (checkpoint, _) in sides.items()
        if checkpoint.declared.root and parameters.length(role) not in (None, checkpoint.declared.length)
    ]
