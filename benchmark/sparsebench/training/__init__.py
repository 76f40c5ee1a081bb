"""Train SPLADE checkpoints from recipes, by sentence-transformers (extra `[train]`).

Reading a recipe and finding what it made need no torch; only `sparsebench.training.trainer` and what it imports do.
"""

from sparsebench.training.checkpoints import each_training, locate

__all__ = ["each_training", "locate"]
