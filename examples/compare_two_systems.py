"""Compare two systems query by query, from published records alone: nothing is computed again."""

import sys

import sparsebench

folder = sys.argv[1] if len(sys.argv) > 1 else "leaderboards/quickstart"
results = sparsebench.load_records(folder)
print(repr(results))

comparison = results.compare(baseline="bm25 + none", measure="nDCG@10")
for cell in comparison.cells:
    if cell.contrast is not None:
        low, high = cell.contrast.interval.low, cell.contrast.interval.high
        print(f"{cell.collection:14} {cell.system:36} {cell.contrast.difference:+.4f}  [{low:+.4f}, {high:+.4f}]")

values = results.per_query("nDCG@10")["mini/web"]
gains = {query_id: values["bm25 + sinkhorn"][query_id] - value for query_id, value in values["bm25 + none"].items()}
best = max(gains, key=gains.__getitem__)
print(f"Sinkhorn helps query {best} most: {gains[best]:+.4f}")
