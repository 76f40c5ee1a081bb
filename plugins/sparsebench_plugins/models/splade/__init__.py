"""`splade`: any masked-language-model checkpoint, its logits pooled into sparse vectors."""

from sparsebench_plugins.models.splade.model import Splade

__all__ = ["Splade"]
