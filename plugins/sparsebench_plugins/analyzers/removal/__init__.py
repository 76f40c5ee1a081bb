"""`removal`: measure what taking the wackiest tokens out of queries does (METHODS 2.5).

What other analyzers need of it is here: the reader of removal studies in records.
"""

from sparsebench_plugins.analyzers.removal.analyzer import Removal
from sparsebench_plugins.analyzers.removal.studies import label_of_study

__all__ = ["Removal", "label_of_study"]
