"""Clips, images and features of frames that a collection names by id: where they lie, what they hold, their frames."""

from sparsebench.media.features import FrameFeatures
from sparsebench.media.frames import chosen_frames
from sparsebench.media.item import MediaItem
from sparsebench.media.place import Media, open_media
from sparsebench.media.timeline import Timeline

__all__ = ["FrameFeatures", "Media", "MediaItem", "Timeline", "chosen_frames", "open_media"]
