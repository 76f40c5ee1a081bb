"""`splade`: any masked-language-model checkpoint, its logits pooled into sparse vectors.

What other models share with it stands here too: they reach in by this door alone.
"""

from sparsebench_plugins.models.splade.at_hand import fetch, missing_lines
from sparsebench_plugins.models.splade.checkpoint import Checkpoint
from sparsebench_plugins.models.splade.code import repositories
from sparsebench_plugins.models.splade.declared import declared_lengths, read_object
from sparsebench_plugins.models.splade.description import about
from sparsebench_plugins.models.splade.encoder import LoadedSplade, Side, StaticSide, Use
from sparsebench_plugins.models.splade.loading import (
    computed_by,
    identity_of,
    load_side,
    open_any_side,
    open_side,
    use_of,
    within,
)
from sparsebench_plugins.models.splade.model import Splade
from sparsebench_plugins.models.splade.output_ids import read_output_ids
from sparsebench_plugins.models.splade.parameters import CheckpointParameters, Positive
from sparsebench_plugins.models.splade.static import static_weights
from sparsebench_plugins.models.splade.tokenizer import DEFAULT_MAXIMUM, TokenizerVocabulary

__all__ = [
    "DEFAULT_MAXIMUM",
    "Checkpoint",
    "CheckpointParameters",
    "LoadedSplade",
    "Positive",
    "Side",
    "Splade",
    "StaticSide",
    "Use",
    "TokenizerVocabulary",
    "about",
    "computed_by",
    "declared_lengths",
    "fetch",
    "identity_of",
    "load_side",
    "missing_lines",
    "open_any_side",
    "open_side",
    "read_object",
    "read_output_ids",
    "repositories",
    "static_weights",
    "use_of",
    "within",
]
