"""Load a backbone as the masked language model that training starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsebench.checkpoints import AnyLocation, Files
from sparsebench.errors import ModelError, TrainingError
from sparsebench.provenance.digests import file_digest
from sparsebench.training.recipe import Settings, Variant

if TYPE_CHECKING:
    from torch import Tensor, nn

_SAFE = Files()


SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""No code of a backbone runs, and nobody is asked whether it may."""


def folder(location: AnyLocation) -> Path:
    """The folder of the transformer: of a folder of sentence-transformers, that of its first module."""
    top = location.folder(_SAFE)
    modules = top / "modules.json"
    return top / json.loads(modules.read_text())[0]["path"] if modules.is_file() else top


def missing(location: AnyLocation) -> str | None:
    """Return why it is not at hand, None when it is."""
    return location.missing(_SAFE)


def fetch(location: AnyLocation) -> None:
    """Download it, or train it where it is a recipe itself."""
    location.fetch(_SAFE)


def digests(settings: Settings, location: AnyLocation) -> Mapping[str, str]:
    """SHA-256 of the files that a training begins with, by path in its folder; no weights where none count."""
    patterns = ["*.json", "*.txt", "*.model"] if settings.from_scratch else _SAFE.patterns
    found = folder(location)
    files = sorted(path for pattern in patterns for path in found.rglob(pattern))
    return {path.relative_to(found).as_posix(): file_digest(path) for path in files}


def write_start(variant: Variant, location: AnyLocation, place: Path) -> None:
    """Write the model that training starts from into `place`, as an ordinary folder of transformers.

    Raises ModelError where the backbone does not load, TrainingError where it has no head and the recipe names none.
    """
    import transformers

    settings = variant.settings
    source = folder(location)
    transformers.set_seed(settings.seed)
    try:
        transformers.AutoTokenizer.from_pretrained(source, **SAFE).save_pretrained(place)
        model, lacks_head = _load(source, settings)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{variant.place('backbone')}: backbone {settings.backbone!r} does not load: {error}"
        ) from error
    if lacks_head and settings.head is None:
        raise TrainingError(
            f"{variant.place('backbone')}: {variant.label}: backbone {settings.backbone!r} has no head of a masked "
            "language model; add `head: identity` (with a `head_scale` below 1) or `head: random`"
        )
    if settings.head is not None and (lacks_head or settings.fresh_head):
        start_head(model, settings)
    model.float().save_pretrained(place)


def _load(source: Path, settings: Settings) -> tuple[Any, bool]:
    """The model, and whether it came without its head; whatever is random is so by the seed."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(source, **SAFE)
    # Attention is ours to choose: a name in config.json may be a kernel that transformers would fetch and run.
    config._attn_implementation = None
    config._experts_implementation = None
    if settings.from_scratch:
        return transformers.AutoModelForMaskedLM.from_config(config), False
    model, report = transformers.AutoModelForMaskedLM.from_pretrained(
        source, config=config, output_loading_info=True, weights_only=True, **SAFE
    )
    head = {name for name, _ in head_parameters(model)}
    body = sorted(set(report["missing_keys"]) - head - _tied(model))
    if body:
        raise ValueError(f"it lacks {', '.join(body)}, which are not of the head")
    return model, bool(set(report["missing_keys"]) & head)


def head_parameters(model: Any) -> list[tuple[str, nn.Parameter]]:
    """Return the parameters of a masked language model beside its encoder; a decoder tied to the embeddings is the
    encoder's.
    """
    shared = id(model.get_input_embeddings().weight)
    prefix = f"{model.base_model_prefix}."
    return [
        (name, parameter)
        for name, parameter in model.named_parameters(remove_duplicate=False)
        if not name.startswith(prefix) and id(parameter) != shared
    ]


def _tied(model: Any) -> set[str]:
    shared = id(model.get_input_embeddings().weight)
    return {name for name, each in model.named_parameters(remove_duplicate=False) if id(each) == shared}


def start_head(model: Any, settings: Settings) -> None:
    """Set the head: its square layers to the identity, or random by the seed, its normalisation to `head_scale`, the
    biases of its outputs to `head_bias` and others to zero, a decoder of its own to the input embeddings."""
    import torch

    generator = torch.Generator().manual_seed(settings.seed)
    output_bias = model.get_output_embeddings().bias
    with torch.no_grad():
        for name, parameter in {id(each): (name, each) for name, each in head_parameters(model)}.values():
            if parameter is output_bias:
                parameter.fill_(settings.head_bias)
            elif name.endswith("bias"):
                parameter.zero_()
            elif parameter.ndim == 1:
                parameter.fill_(settings.head_scale)
            elif parameter.shape[0] != parameter.shape[1]:
                parameter.copy_(model.get_input_embeddings().weight)
            elif settings.head == "identity":
                parameter.copy_(torch.eye(len(parameter)))
            else:
                _normal(parameter, model.config.initializer_range, generator)


def _normal(parameter: Tensor, deviation: float, generator: Any) -> None:
    import torch

    parameter.copy_(torch.normal(0.0, deviation, parameter.shape, generator=generator))
