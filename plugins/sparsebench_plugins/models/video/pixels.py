"""Turn images into the pixels that CLIP and BLIP were trained on. Resizing is PIL's: others round otherwise."""

from __future__ import annotations

import numpy as np

MEAN = np.array([0.48145466, 0.4578275, 0.40821073], dtype=np.float32)
DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711], dtype=np.float32)


def clip_pixels(image: np.ndarray, size: int) -> np.ndarray:
    """The shorter side to `size` (bicubic), the centre cut out, normalised: (h, w, 3) uint8 -> (3, size, size)."""
    height, width = image.shape[:2]
    shorter = min(height, width)
    # The longer side is cut, not rounded, as torchvision does it; the crop's corner is rounded.
    resized = _resized(image, height=size * height // shorter, width=size * width // shorter)
    top, left = (round((side - size) / 2.0) for side in resized.shape[:2])
    return _normalised(resized[top : top + size, left : left + size])


def blip_pixels(image: np.ndarray, size: int) -> np.ndarray:
    """Resize both sides to `size` (bicubic), whatever the aspect, normalised: (h, w, 3) uint8 -> (3, size, size)."""
    return _normalised(_resized(image, height=size, width=size))


def _resized(image: np.ndarray, *, height: int, width: int) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def _normalised(image: np.ndarray) -> np.ndarray:
    scaled = image.astype(np.float32) / np.float32(255)
    normalised: np.ndarray = ((scaled - MEAN) / DEVIATION).transpose(2, 0, 1)
    return np.ascontiguousarray(normalised)
