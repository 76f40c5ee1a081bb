"""Use the parts without a suite: sparse vectors, their scores in blocks, the top of each query, a run, its measures."""

import numpy as np
from scipy.sparse import csr_array

from sparsebench.measures import aggregate, measure
from sparsebench.rank import tie_order, to_run
from sparsebench.search import SparseScores

# Q = 2 queries and D = 3 documents over a vocabulary of V = 4 terms.
queries = csr_array(np.array([[1, 0, 2, 0], [0, 1, 0, 0]], dtype=np.float32))
documents = csr_array(np.array([[1, 0, 1, 0], [0, 3, 0, 0], [2, 0, 0.5, 0]], dtype=np.float32))
query_ids, doc_ids = ["q1", "q2"], np.array([b"d1", b"d2", b"d3"])

scores = SparseScores(queries, documents, block=2)
for block in scores:
    print(f"documents {block.columns.start} to {block.columns.stop - 1}:", block.scores.tolist())

ranking = scores.top(3, tie_order(doc_ids))
run = to_run(ranking, query_ids, doc_ids)
print({query_id: list(found) for query_id, found in run.items()})  # d1 and d3 tie for q1: the larger id comes first

qrels = {"q1": {"d1": 1}, "q2": {"d2": 1}}
print(aggregate(measure(run, qrels, ["nDCG@10", "RR@10"])))
