"""`score_matrix`: scores or features that another system computed, from files."""

from sparsebench_plugins.models.score_matrix.model import ScoreMatrix

__all__ = ["ScoreMatrix"]
