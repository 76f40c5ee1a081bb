"""mteb on a BEIR folder with a sparse encoder: `python -m speed.stages.mteb_peer FOLDER CHECKPOINT` prints nDCG@10.

mteb reads collections from the hub; here its task is given the same folder, and everything after that is its own.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

LENGTH = 256


def task(folder: Path) -> Any:
    """Return a retrieval task of mteb over a BEIR folder."""
    from datasets import Dataset
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from mteb.abstasks.task_metadata import TaskMetadata

    from sparsebench.collection import BeirFolder

    class FolderRetrieval(AbsTaskRetrieval):  # type: ignore[misc]
        """Reads what the other side of the comparison reads."""

        metadata = TaskMetadata(
            name="FolderRetrieval",
            dataset={"path": "local/folder", "revision": "0"},
            description="A BEIR folder.",
            type="Retrieval",
            category="t2t",
            modalities=["text"],
            eval_splits=["test"],
            eval_langs=["eng-Latn"],
            main_score="ndcg_at_10",
        )

        def load_data(self, num_proc: int | None = None, **_: Any) -> None:
            """Read corpus, queries and judgments."""
            source = BeirFolder(folder, folder.name)
            topics = source.topics("test")
            texts = {
                "corpus": [{"id": each.doc_id, "title": "", "text": each.text} for each in source.documents()],
                "queries": [{"id": each.query_id, "text": each.text} for each in topics.queries],
            }
            judged = {query: dict(grades) for query, grades in topics.qrels.items()}
            split = {name: Dataset.from_list(rows) for name, rows in texts.items()}
            self.dataset = {"default": {"test": {**split, "relevant_docs": judged, "top_ranked": None}}}
            self.data_loaded = True

    return FolderRetrieval()


def main() -> None:
    """Evaluate."""
    import mteb
    from mteb.models import SparseEncoderWrapper
    from sentence_transformers import SparseEncoder

    folder, checkpoint = Path(sys.argv[1]), sys.argv[2]
    encoder = SparseEncoder(checkpoint, device="cpu")
    encoder.max_seq_length = LENGTH
    result = mteb.evaluate(SparseEncoderWrapper(encoder), task(folder), cache=None, show_progress_bar=False)
    sys.stdout.write(f"{result.task_results[0].scores['test'][0]['ndcg_at_10']}\n")


if __name__ == "__main__":
    main()
