"""Text-video systems as running models: CLIP4Clip, X-CLIP, DRL and BLIP, on transformers' CLIP and BLIP."""

from sparsebench_plugins.models.video.blip import Blip
from sparsebench_plugins.models.video.clip4clip import Clip4Clip
from sparsebench_plugins.models.video.drl import Drl
from sparsebench_plugins.models.video.xclip import XClip

__all__ = ["Blip", "Clip4Clip", "Drl", "XClip"]
