"""Run a part of the quickstart suite, look at its leaderboard and at single queries. Needs no network, no model."""

import sparsebench

planned = sparsebench.plan("quickstart", only="mini/web/bm25/*")
print(planned)

results = sparsebench.run("quickstart", only="mini/web/bm25/*")
print(results)  # the leaderboard in markdown; a notebook draws `results` itself

raw = results.per_query("nDCG@10")["mini/web"]["bm25 + none"]
worst = sorted(raw, key=raw.__getitem__)[:3]
print("hardest queries:", *(f"{query_id} ({raw[query_id]:.2f})" for query_id in worst))
