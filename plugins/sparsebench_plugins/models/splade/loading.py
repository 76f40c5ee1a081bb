"""Make the encoder of one role from parameters and what a folder declares."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from sparsebench import Json, ModelError, Role
from sparsebench.checkpoints import AnyLocation
from sparsebench.device import kind
from sparsebench.encoding import Activation, Pooling, decoder, device_decoder, engine_on, tokens_on
from sparsebench.provenance import digest
from sparsebench_plugins.models.splade.architecture import load_masked_lm
from sparsebench_plugins.models.splade.at_hand import lacking_on_hub
from sparsebench_plugins.models.splade.checkpoint import Checkpoint, open_checkpoint
from sparsebench_plugins.models.splade.declared import LackingFileError
from sparsebench_plugins.models.splade.encoder import ModelSide, Side, StaticSide, Use
from sparsebench_plugins.models.splade.output_ids import read_output_ids
from sparsebench_plugins.models.splade.parameters import CheckpointParameters
from sparsebench_plugins.models.splade.static import static_size, static_weights
from sparsebench_plugins.models.splade.tokenizer import TokenizerVocabulary, load_vocabulary

PLAIN_LENGTH = 256
"""Where neither the suite nor the folder says how long a text may be, as the authors of SPLADE have it."""
T = TypeVar("T")


def open_side(parameters: CheckpointParameters, location: AnyLocation, role: Role) -> Checkpoint:
    """Find the files of one role; raises ModelError where they are not at hand or may not be read."""
    found = open_any_side(parameters, location, role)
    if found.declared.is_of_another_route:
        raise ModelError(
            f"checkpoint {found.name!r} is one route of {found.declared.root}, and a {role} takes another; give that "
            "folder itself"
        )
    return found


def open_any_side(parameters: CheckpointParameters, location: AnyLocation, role: Role) -> Checkpoint:
    """Find the files of one role, also where the folder of another route was given; raises ModelError."""
    try:
        return open_checkpoint(location, role, allow_bin=parameters.allow_bin, trust=parameters.trust)
    except LackingFileError as error:
        if not location.is_on_hub:
            raise
        raise lacking_on_hub(location, error) from error


def identity_of(parameters: CheckpointParameters, checkpoint: Checkpoint, role: Role) -> dict[str, Json]:
    """Return everything that determines the vectors of a role; needs no torch."""
    use, ids = use_of(parameters, checkpoint, role), read_output_ids(parameters.output_vocabulary)
    common: dict[str, Json] = {
        "files": dict(checkpoint.digests()),
        "length": use.length,
        "prompt": use.prompt,
        "lower_case": checkpoint.declared.lower_case,
        "prune": use.keep,
        "prune_ratio": use.ratio,
        "output_ids": None if ids is None else digest(ids.tolist()),
    }
    if checkpoint.declared.transformer is None:
        return common
    return {
        **common,
        "pooling": pooling_of(parameters, checkpoint),
        "activation": activation_of(parameters, checkpoint),
        "dtype": parameters.dtype,
        "compile": parameters.compile,
    }


def computed_by(parameters: CheckpointParameters, checkpoint: Checkpoint, device: str) -> dict[str, Json]:
    """Name the kind of device and the engine that pools on it, nothing where tokens are looked up; raises ModelError
    where the device has not the engine that is asked for."""
    if checkpoint.declared.transformer is None:
        return {}
    return {"device": kind(device), "engine": engine_on(device, parameters.engine, parameters.dtype)}


def load_side(
    parameters: CheckpointParameters,
    checkpoint: Checkpoint,
    role: Role,
    device: str,
    *,
    loaded: Side | None = None,
    expands: bool = True,
) -> Side:
    """Load the encoder of a role; raises ModelError.

    loaded: the side of the other role, where it has the same files, so that they are loaded once. expands: whether
    tokens beside the text's own may be active.
    """
    use, ids = use_of(parameters, checkpoint, role), read_output_ids(parameters.output_vocabulary)
    if checkpoint.declared.transformer is None:
        vocabulary = load_vocabulary(checkpoint, size=static_size(checkpoint))
        return StaticSide(vocabulary, use, within(static_weights(checkpoint, vocabulary), ids))
    side = loaded if isinstance(loaded, ModelSide) else _model_side(parameters, checkpoint, use, ids, device)
    return replace(
        side,
        use=use,
        pooling=pooling_of(parameters, checkpoint),
        activation=activation_of(parameters, checkpoint),
        own=_own_weights(checkpoint, side.vocabulary, expands=expands),
    )


def use_of(parameters: CheckpointParameters, checkpoint: Checkpoint, role: Role) -> Use:
    """Return the treatment of texts of a role: as the suite says, else as the folder declares; raises ModelError."""
    declared = checkpoint.declared
    asked = {name: getattr(parameters, f"{role}_{name}") for name in ("prompt", "prune", "prune_ratio")}
    if asked["prompt"] is None and declared.ambiguous_prompt:
        raise ModelError(declared.ambiguous_prompt)
    return Use(
        length=parameters.length(role) or (declared.length if declared.root else PLAIN_LENGTH),
        prompt=declared.prompt if asked["prompt"] is None else asked["prompt"],
        keep=asked["prune"] or declared.keep,
        ratio=asked["prune_ratio"],
    )


def pooling_of(parameters: CheckpointParameters, checkpoint: Checkpoint) -> Pooling:
    """The pooling of a side; raises ModelError where suite and folder contradict each other."""
    return _agreed("pooling", parameters.pooling, checkpoint.declared.pooling, checkpoint) or "max"


def activation_of(parameters: CheckpointParameters, checkpoint: Checkpoint) -> Activation:
    """The activation of a side; raises ModelError where suite and folder contradict each other."""
    known: Activation | None = None if checkpoint.known is None else checkpoint.known.activation
    agreed: Activation | None = _agreed("activation", parameters.activation, checkpoint.declared.activation, checkpoint)
    return next((found for found in (agreed, known) if found is not None), "relu")


def _model_side(
    parameters: CheckpointParameters, checkpoint: Checkpoint, use: Use, ids: np.ndarray | None, device: str
) -> ModelSide:
    model = load_masked_lm(checkpoint, device, parameters.dtype)
    vocabulary = load_vocabulary(checkpoint, size=len(model.weight))
    model = model if ids is None else model.only(ids)
    engine = engine_on(device, parameters.engine, parameters.dtype)
    if parameters.compile:
        model.compile()
    make = decoder if model.on_cpu else device_decoder
    return ModelSide(
        model=model,
        decoder=make(engine, model.weight, model.bias),
        engine=engine,
        vocabulary=vocabulary,
        use=use,
        pooling=pooling_of(parameters, checkpoint),
        activation=activation_of(parameters, checkpoint),
        output_ids=ids,
        batch_tokens=parameters.batch_tokens or (1024 if model.on_cpu else tokens_on(device, model.weight.shape[1])),
    )


def _own_weights(checkpoint: Checkpoint, vocabulary: TokenizerVocabulary, *, expands: bool) -> np.ndarray | None:
    """Weights (V,) by which a text's own tokens are multiplied and all others dropped; None where a text expands."""
    weights = None if checkpoint.declared.static is None else static_weights(checkpoint, vocabulary)
    if expands:
        return weights
    weights = np.ones(vocabulary.size, np.float32) if weights is None else weights.copy()
    weights[sorted(vocabulary.special_ids)] = 0
    return weights


def within(weights: np.ndarray, ids: np.ndarray | None) -> np.ndarray:
    """Weights (V,) that are 0 but for `ids`; None stands for all."""
    if ids is None:
        return weights
    kept = np.zeros_like(weights)
    kept[ids] = weights[ids]
    return kept


def _agreed(name: str, asked: T | None, declared: T | None, checkpoint: Checkpoint) -> T | None:
    if asked is not None and declared is not None and asked != declared:
        raise ModelError(
            f"{name}: {asked!r} contradicts checkpoint {checkpoint.name!r}, whose modules.json says {declared!r}; "
            "leave the parameter out"
        )
    return asked or declared
