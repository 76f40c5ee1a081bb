"""`score_matrix`: scores or features that someone holds already, of any system: text-video, image-text, dense."""

from sparsebench_plugins.models.score_matrix.model import ScoreMatrix

__all__ = ["ScoreMatrix"]
