"""CLIP of transformers: captions to words, images to frames. Needs torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor

from sparsebench import ModelError
from sparsebench_plugins.models.finite import check_finite
from sparsebench_plugins.models.video.checkpoint import VideoCheckpoint


@dataclass(frozen=True)
class Towers:
    """Text and vision towers of a CLIP. batch: how many texts or images at once."""

    model: Any
    batch: int

    @property
    def image_size(self) -> int:
        """Height and width of the pixels."""
        return int(self.model.config.vision_config.image_size)

    @property
    def device(self) -> torch.device:
        """Device of the model."""
        found: torch.device = self.model.device
        return found

    @property
    def scale(self) -> Tensor:
        """Scale of scores, e = exp(logit_scale), 100 at most, as it was trained."""
        found: Tensor = self.model.logit_scale.float().exp()
        return found

    def words(self, ids: Tensor) -> Tensor:
        """Encode every position of texts, padding included, (N, W) -> (N, W, d) float32.

        The tower is causal and gets no attention mask, as in the authors' code: what stands behind a word cannot change
        it, but X-CLIP looks at what stands behind the last.
        """
        return self._in_batches(self._words, ids)

    def frames(self, pixels: Tensor) -> Tensor:
        """Features of images, raw, (N, 3, s, s) -> (N, d) float32."""
        return self._in_batches(self._frames, pixels)

    def sentence(self, words: Tensor, ids: Tensor) -> Tensor:
        """The word at [EOT], which has the largest id: (N, W, d) -> (N, d)."""
        return words[torch.arange(len(ids), device=words.device), ids.argmax(dim=-1)]

    def _words(self, ids: Tensor) -> Tensor:
        return torch.as_tensor(self.model.text_projection(self.model.text_model(input_ids=ids).last_hidden_state))

    def _frames(self, pixels: Tensor) -> Tensor:
        vision = self.model.vision_model
        states = vision(pixel_values=pixels.to(self.model.dtype)).last_hidden_state[:, 0]
        return torch.as_tensor(self.model.visual_projection(vision.post_layernorm(states)))

    def _in_batches(self, function: Any, inputs: Tensor) -> Tensor:
        starts = range(0, len(inputs), self.batch)
        parts = [function(inputs[start : start + self.batch].to(self.device)).float() for start in starts]
        if not parts:
            return torch.empty(0, *inputs.shape[1:2], self.model.config.projection_dim, device=self.device)
        return torch.cat(parts)


def load_towers(checkpoint: VideoCheckpoint, device: str, dtype: str, batch: int) -> Towers:
    """Load CLIP; raises ModelError where a parameter is missing or left over."""
    model = load_strictly(transformers.CLIPModel, checkpoint)
    return Towers(model.to(device=device, dtype=getattr(torch, dtype)).eval(), batch)


def load_strictly(kind: Any, checkpoint: VideoCheckpoint, config: Any = None) -> Any:
    """A model of transformers whose parameters are all in the checkpoint, and all of whose parameters are used.

    Raises ModelError: a parameter that is not there would be random, and random weights give a plausible table.
    """
    try:
        with quiet():
            model, report = kind.from_pretrained(
                checkpoint.folder,
                config=config,
                output_loading_info=True,
                local_files_only=True,
                use_safetensors=checkpoint.weights.suffix == ".safetensors",
                weights_only=True,
                dtype=torch.float32,
            )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError, UnpicklingError) as error:
        raise ModelError(f"checkpoint {checkpoint.name!r} does not load as {kind.__name__}: {error}") from error
    missing, left_over = (sorted(report[name]) for name in ("missing_keys", "unexpected_keys"))
    left_over = [name for name in left_over if not name.endswith("position_ids")]  # numbers, not weights
    if missing or left_over or report.get("mismatched_keys"):
        raise ModelError(
            f"checkpoint {checkpoint.name!r} is no whole {kind.__name__}. It lacks {_few(missing)}; left over: "
            f"{_few(left_over)}; of another shape: {_few(sorted(map(str, report.get('mismatched_keys', ()))))}"
        )
    check_finite(checkpoint.name, model.state_dict())
    return model


def as_tensors(features: dict[str, np.ndarray] | Any, device: torch.device) -> dict[str, Tensor]:
    """Features as the store has them, on a device."""
    return {name: torch.from_numpy(np.array(array)).to(device) for name, array in features.items()}


def as_arrays(tensors: Any) -> dict[str, np.ndarray]:
    """Tensors as the store keeps them."""
    return {name: tensor.cpu().numpy() for name, tensor in tensors.items()}


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more or "nothing"


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' progress bars and its own loading report off the terminal; ours is an error."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
