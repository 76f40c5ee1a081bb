"""BLIP in memory: captions and clips to what is kept of them, contrastive and matching scores. Needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers
from torch import Tensor
from torch.nn.functional import normalize

from sparsebench import EncodedFeatures, Features, Json, LoadedPairedEncoder, ModelError
from sparsebench.media import MediaItem, chosen_frames
from sparsebench.workers import in_threads
from sparsebench_plugins.models.video.checkpoint import VideoCheckpoint
from sparsebench_plugins.models.video.pixels import blip_pixels
from sparsebench_plugins.models.video.sampling import evenly
from sparsebench_plugins.models.video.tokens import blip_ids, load_tokenizer
from sparsebench_plugins.models.video.towers import as_arrays, as_tensors, load_strictly, quiet

if TYPE_CHECKING:
    from sparsebench_plugins.models.video.blip import Blip

ITEMS_AT_ONCE = 8
VISION_EPSILON = 1e-6
"""Of the vision tower's layer norms, as in the authors' code; transformers' default is 1e-5."""


@dataclass(frozen=True)
class LoadedBlip(LoadedPairedEncoder):
    """Loaded BLIP: transformers' BlipForImageTextRetrieval, whose parts are called one by one.

    Its own `forward` keeps [CLS] where the authors put [ENC], takes one image, and normalises the vision tower's output
    twice. words: tokens of a text. frames: of a video. batch: how many texts, images or pairs at once.
    """

    model: Any
    tokenizer: Any
    words: int
    frames: int
    batch: int

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> EncodedFeatures:
        """ITC vectors (N, p) of captions, and their ids and mask (N, W), which matching reads again."""
        found = blip_ids(self.tokenizer, texts, self.words)
        kept = self.of_ids(torch.from_numpy(found.ids), torch.from_numpy(found.mask))
        return EncodedFeatures(as_arrays(kept), found.truncated)

    @torch.inference_mode()
    def encode_items(self, items: Sequence[MediaItem]) -> EncodedFeatures:
        """ITC vectors (N, p) of clips, and the tokens (N, T P, d) of all their frames."""
        parts = []
        for start in range(0, len(items), ITEMS_AT_ONCE):
            pixels = np.stack(in_threads(self._read, items[start : start + ITEMS_AT_ONCE]))
            parts.append(self.of_pixels(torch.from_numpy(pixels)))
        return EncodedFeatures(as_arrays({name: torch.cat([part[name] for part in parts]) for name in parts[0]}))

    @torch.inference_mode()
    def score(self, texts: Features, items: Features) -> np.ndarray:
        """ITC, (Q, V): cosines."""
        device = self.model.device
        queries, videos = (as_tensors({"itc": side["itc"]}, device)["itc"] for side in (texts, items))
        return torch.matmul(queries, videos.T).cpu().numpy()

    @torch.inference_mode()
    def rescore(self, texts: Features, items: Features, pairs: np.ndarray) -> np.ndarray:
        """ITM + ITC (n,) of pairs (n, 2): the tokens of a video are read once for all texts that it is matched with."""
        scores = np.empty(len(pairs), dtype=np.float32)
        for video in np.unique(pairs[:, 1]):
            places = np.flatnonzero(pairs[:, 1] == video)
            rows = pairs[places, 0]
            kept = as_tensors({name: texts[name][rows] for name in ("ids", "mask", "itc")}, self.model.device)
            item = as_tensors({name: items[name][video] for name in ("tokens", "itc")}, self.model.device)
            itm = self.matching(kept["ids"], kept["mask"], item["tokens"])
            scores[places] = (itm + kept["itc"] @ item["itc"]).cpu()
        return scores

    def provenance(self) -> Mapping[str, Json]:
        """Class, attention kernel and precision."""
        return {
            "architecture": type(self.model).__name__,
            "attention": self.model.config.text_config._attn_implementation,
            "precision": str(self.model.dtype).removeprefix("torch."),
        }

    @property
    def image_size(self) -> int:
        """Height and width of the pixels."""
        return int(self.model.config.vision_config.image_size)

    @property
    def encoder_id(self) -> int:
        """Id of [ENC], 30523 in the authors' vocabulary of 30,524: they add it last."""
        return int(self.model.config.text_config.vocab_size) - 1

    def of_ids(self, ids: Tensor, mask: Tensor) -> Mapping[str, Tensor]:
        """Return the features of texts that are given as ids (N, W) with their mask."""
        states = self._in_batches(self._text_state, ids, mask)
        itc = normalize(self._projected(self.model.text_proj, states), dim=-1)
        return {"itc": itc, "ids": ids, "mask": mask}

    def of_pixels(self, pixels: Tensor) -> Mapping[str, Tensor]:
        """Return the features of videos (N, T, 3, s, s); projections of frames are not normalised before their mean."""
        states = self._in_batches(self._image_states, pixels.flatten(0, 1))  # (N T, P, d)
        count, frames = pixels.shape[:2]
        projected = self._projected(self.model.vision_proj, states[:, 0]).reshape(count, frames, -1)
        tokens = states.reshape(count, frames * states.shape[1], -1)
        return {"itc": normalize(projected.mean(dim=1), dim=-1), "tokens": tokens}

    def matching(self, ids: Tensor, mask: Tensor, tokens: Tensor) -> Tensor:
        """ITM (n,) of texts (n, W) with the tokens (T P, d) of one video: the logit of "match", no softmax."""
        asking = ids.clone()
        asking[:, 0] = self.encoder_id
        states = self._in_batches(partial(self._text_state, tokens=tokens), asking, mask)
        return self._projected(self.model.itm_head, states)[:, 1]

    def _projected(self, layer: Any, states: Tensor) -> Tensor:
        return torch.as_tensor(layer(states.to(self.model.dtype))).float()

    def _text_state(self, ids: Tensor, mask: Tensor, tokens: Tensor | None = None) -> Tensor:
        seen = None if tokens is None else tokens.to(self.model.dtype).expand(len(ids), -1, -1)
        encoder = self.model.text_encoder
        states = encoder(input_ids=ids, attention_mask=mask.long(), encoder_hidden_states=seen).last_hidden_state
        return torch.as_tensor(states[:, 0])

    def _image_states(self, pixels: Tensor) -> Tensor:
        # Already normalised by post_layernorm; `pooler_output` is normalised once more.
        return torch.as_tensor(self.model.vision_model(pixel_values=pixels.to(self.model.dtype)).last_hidden_state)

    def _in_batches(self, function: Any, *inputs: Tensor) -> Tensor:
        starts = range(0, max(1, len(inputs[0])), self.batch)
        device = self.model.device
        return torch.cat(
            [function(*(each[start : start + self.batch].to(device) for each in inputs)).float() for start in starts]
        )

    def _read(self, item: MediaItem) -> np.ndarray:
        """Pixels (T, 3, s, s)."""
        if item.form == "features":
            raise ModelError(f"{item.path}: blip reads all tokens of frames, not one vector a frame; give it the clips")
        images = chosen_frames(item, partial(evenly, count=self.frames))
        return np.stack([blip_pixels(image, self.image_size) for image in images])


def load_blip(blip: Blip, device: str) -> LoadedBlip:
    """Load it; raises ModelError."""
    checkpoint = blip.open()
    model = load_strictly(transformers.BlipForImageTextRetrieval, checkpoint, _config(checkpoint))
    model = model.to(device=device, dtype=getattr(torch, blip.dtype)).eval()
    return LoadedBlip(model, load_tokenizer(checkpoint.folder), blip.words, blip.frames, blip.batch)


def _config(checkpoint: VideoCheckpoint) -> Any:
    try:
        with quiet():
            config = transformers.BlipConfig.from_pretrained(checkpoint.folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"checkpoint {checkpoint.name!r} is no BLIP: {error}") from error
    config.vision_config.layer_norm_eps = VISION_EPSILON
    return config
