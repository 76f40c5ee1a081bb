"""Clips, images and features of frames that a collection names by id: where they lie, what they hold, their frames."""

from sparsebench.media.features import FrameFeatures
from sparsebench.media.frames import chosen_frames
from sparsebench.media.item import MediaItem
from sparsebench.media.place import Media, open_media
from sparsebench.media.timeline import Timeline
from sparsebench.media.video import decoder_versions

__all__ = ["FrameFeatures", "Media", "MediaItem", "Timeline", "chosen_frames", "decoder_versions", "open_media"]
