"""`wackiness`: measure how rarely expansion tokens occur in the documents they retrieve (METHODS 2).

What other analyzers need of it is here, and nothing else is for them: parameters by which tokens are scored and the
scores, a query's expansion, and the reader of W-AUC in records.
"""

from sparsebench_plugins.analyzers.wackiness.analyzer import Wackiness
from sparsebench_plugins.analyzers.wackiness.areas import definitions, first_robust
from sparsebench_plugins.analyzers.wackiness.observations import expansion_entries
from sparsebench_plugins.analyzers.wackiness.sampling import Sampling
from sparsebench_plugins.analyzers.wackiness.scores import PRESETS, Preset, TokenScores, why_too_few

__all__ = [
    "PRESETS",
    "Preset",
    "Sampling",
    "TokenScores",
    "Wackiness",
    "definitions",
    "expansion_entries",
    "first_robust",
    "why_too_few",
]
