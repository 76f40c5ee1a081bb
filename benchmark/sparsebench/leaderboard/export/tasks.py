"""Names of the tasks in mteb that hold the same collections, and their languages."""

from __future__ import annotations

BEIR = {
    "arguana": "ArguAna",
    "climate-fever": "ClimateFEVER",
    "dbpedia-entity/test": "DBPedia",
    "fever/test": "FEVER",
    "fiqa/test": "FiQA2018",
    "hotpotqa/test": "HotpotQA",
    "msmarco/dev": "MSMARCO",
    "nfcorpus/test": "NFCorpus",
    "nq": "NQ",
    "quora/test": "QuoraRetrieval",
    "scidocs": "SCIDOCS",
    "scifact/test": "SciFact",
    "trec-covid": "TRECCOVID",
    "webis-touche2020": "Touche2020",
}
"""Id of ir_datasets below `beir/` -> task."""
FORUMS = ("android", "english", "gaming", "gis", "mathematica", "physics", "programmers", "stats", "tex", "unix",
          "webmasters", "wordpress")  # fmt: skip
NANO = {
    "arguana": "ArguAna",
    "climate-fever": "ClimateFever",
    "dbpedia-entity": "DBPedia",
    "fever": "FEVER",
    "fiqa": "FiQA2018",
    "hotpotqa": "HotpotQA",
    "msmarco": "MSMARCO",
    "nfcorpus": "NFCorpus",
    "nq": "NQ",
    "quora": "Quora",
    "scidocs": "SCIDOCS",
    "scifact": "SciFact",
    "webis-touche2020": "Touche2020",
}
"""Id of ir_datasets below `nano-beir/` -> task."""

TASKS = {
    **{f"beir/{name}": task for name, task in BEIR.items()},
    **{f"beir/cqadupstack/{forum}": f"CQADupstack{forum.title()}Retrieval" for forum in FORUMS},
    **{f"nano-beir/{name}": f"Nano{task}Retrieval" for name, task in NANO.items()},
}
ENGLISH = "eng-Latn"


def task_of(dataset: str | None) -> tuple[str, list[str]] | None:
    """Return the task's name and languages; None for a collection that mteb does not have."""
    return (TASKS[dataset], [ENGLISH]) if dataset in TASKS else None
