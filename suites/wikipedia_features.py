"""The Wikipedia image-text set (Rasiwasia et al. 2010) as the suite crossmodal reads it.

    python suites/wikipedia_features.py SOURCE $SPARSEBENCH_DATA $SPARSEBENCH_SCORES

SOURCE holds raw_features.mat (I_tr, I_te: bags of SIFT; T_tr, T_te: LDA topics) and {train,test}set_txt_img_cat.list.
Images and texts go to one space of 7 dimensions by canonical correlation on the training pairs (ridge 1e-6); cosines of
the test pairs there give the class mAP .2493 image -> text and .2017 text -> image.

Writes SCORES/wikipedia/features.npy, a row for each image and each text of both splits, with their ids in features.txt:
one space for both sides, so either may be asked for the other. Four folders in BEIR's layout say what is asked,
DATA/wikipedia_{train,test}_{image_text,text_image}; whatever is of the query's class is relevant. `train` holds as many
of the training pairs as are tested, drawn at random: temperatures depend on the size of a gallery.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from scipy.io import loadmat

DIMENSIONS = 7
RIDGE = 1e-6


def projections(images: np.ndarray, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Canonical directions (128, 7) and (10, 7) of centred training pairs."""
    whiten = [inverse_root(side.T @ side / len(side) + RIDGE * np.eye(side.shape[1])) for side in (images, texts)]
    left, _, right = np.linalg.svd(whiten[0] @ (images.T @ texts / len(images)) @ whiten[1])
    return whiten[0] @ left[:, :DIMENSIONS], whiten[1] @ right[:DIMENSIONS].T


def inverse_root(covariance: np.ndarray) -> np.ndarray:
    """C^(-1/2) of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(covariance)
    found: np.ndarray = vectors / np.sqrt(values) @ vectors.T
    return found


def write_collection(folder: Path, queries: np.ndarray, documents: np.ndarray, classes: np.ndarray) -> None:
    """Pair n has classes[n]; there is no text to tell, so each is its own id."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, ids in (("queries", queries), ("corpus", documents)):
        rows = (json.dumps({"_id": each, "text": each}) + "\n" for each in ids)
        (folder / f"{name}.jsonl").write_text("".join(rows), encoding="utf-8")
    with (folder / "qrels" / "test.tsv").open("w", encoding="utf-8") as file:
        file.write("query-id\tcorpus-id\tscore\n")
        for query, own in zip(queries, classes, strict=True):
            file.writelines(f"{query}\t{documents[at]}\t1\n" for at in np.flatnonzero(classes == own))


def main(source: Path, data: Path, scores: Path) -> None:
    """Read the set, write vectors and collections."""
    raw = loadmat(source / "raw_features.mat")
    means = raw["I_tr"].mean(axis=0), raw["T_tr"].mean(axis=0)
    directions = projections(raw["I_tr"] - means[0], raw["T_tr"] - means[1])
    features, ids = [], []
    for split in ("train", "test"):
        lines = (source / f"{split}set_txt_img_cat.list").read_text(encoding="utf-8").splitlines()
        classes = np.array([int(line.split("\t")[2]) for line in lines])
        images, texts = (np.array([f"{split}-{kind}-{n}" for n in range(len(lines))]) for kind in ("image", "text"))
        for key, mean, direction in zip("IT", means, directions, strict=True):
            features.append((raw[f"{key}_{split[:2]}"] - mean) @ direction)
        ids += [*images, *texts]
        some = np.random.default_rng(0).permutation(len(lines))[: len(raw["I_te"])]
        sides = images[some], texts[some]
        write_collection(data / f"wikipedia_{split}_image_text", *sides, classes[some])
        write_collection(data / f"wikipedia_{split}_text_image", *sides[::-1], classes[some])
    folder = scores / "wikipedia"
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "features.npy", np.concatenate(features), allow_pickle=False)
    (folder / "features.txt").write_text("\n".join(ids) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
