"""Text-video collections from the files that their authors give out, and from any csv."""

from sparsebench_plugins.collections.video.activitynet import ActivityNet
from sparsebench_plugins.collections.video.didemo import DiDeMo
from sparsebench_plugins.collections.video.lsmdc import Lsmdc
from sparsebench_plugins.collections.video.msrvtt import MsrVtt, MsrVtt1kA
from sparsebench_plugins.collections.video.msvd import Msvd
from sparsebench_plugins.collections.video.table import VideoTable

__all__ = ["ActivityNet", "DiDeMo", "Lsmdc", "MsrVtt", "MsrVtt1kA", "Msvd", "VideoTable"]
