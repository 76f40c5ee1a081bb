"""Converters behind `sparsebench convert`: torch is imported when they are called."""

from __future__ import annotations

from sparsebench import Conversion


def blip(asked: Conversion) -> str:
    """A checkpoint of BLIP's retrieval models."""
    from sparsebench_plugins.models.video.convert.blip import convert_blip

    return convert_blip(asked)


def clip4clip(asked: Conversion) -> str:
    """A state dict of CLIP4Clip."""
    return _over_clip(asked, "clip4clip")


def drl(asked: Conversion) -> str:
    """A state dict of DRL."""
    return _over_clip(asked, "drl")


def xclip(asked: Conversion) -> str:
    """A state dict of X-CLIP."""
    return _over_clip(asked, "xclip")


def _over_clip(asked: Conversion, system: str) -> str:
    from sparsebench_plugins.models.video.convert.clip_systems import convert_clip_system

    return convert_clip_system(asked, system)
