"""Order documents and break ties: the top k of score blocks, and TREC runs.

Score descending, then doc_id descending in bytes: trec_eval's rule, so that its users get our figures from our runs. No
other room sorts by score.
"""

from sparsebench.rank.on_device import TopKeys
from sparsebench.rank.packed import UNRANKED, Packed, best_of_rows
from sparsebench.rank.run import read_trec, to_run, untied, write_trec
from sparsebench.rank.topk import TopK, tie_order

__all__ = [
    "UNRANKED",
    "Packed",
    "TopK",
    "TopKeys",
    "best_of_rows",
    "read_trec",
    "tie_order",
    "to_run",
    "untied",
    "write_trec",
]
