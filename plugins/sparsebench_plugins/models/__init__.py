"""Built-in models: splade, splade_doc, sparse_encoder, bm25, run_file, score_matrix."""

from __future__ import annotations

from sparsebench import ModelPlugin, hookimpl
from sparsebench.training import each_training
from sparsebench_plugins.models.bm25 import Bm25
from sparsebench_plugins.models.rm3 import Rm3
from sparsebench_plugins.models.run_file import RunFile
from sparsebench_plugins.models.score_matrix import ScoreMatrix
from sparsebench_plugins.models.sparse_encoder import SentenceTransformersEncoder
from sparsebench_plugins.models.sparse_images import SparseImages
from sparsebench_plugins.models.sparse_vectors import SparseVectors
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade_doc import SpladeDoc
from sparsebench_plugins.models.video import Blip, Clip4Clip, Drl, XClip, converters

_TRAININGS = {"checkpoint": each_training}


@hookimpl
def register_models() -> list[ModelPlugin]:
    """One line for each."""
    return [
        ModelPlugin("blip", Blip, "BLIP on videos: ITC, then ITM of each query's best", convert=converters.blip),
        ModelPlugin("bm25", Bm25, "BM25 through bm25s"),
        ModelPlugin("clip4clip", Clip4Clip, "CLIP with a temporal head over frames", convert=converters.clip4clip),
        ModelPlugin("drl", Drl, "CLIP with interactions of words and frames", convert=converters.drl),
        ModelPlugin("rm3", Rm3, "BM25 with queries expanded by the terms of their best documents"),
        ModelPlugin("run_file", RunFile, "a TREC run as a system"),
        ModelPlugin("score_matrix", ScoreMatrix, "scores or features of any system, from files"),
        ModelPlugin("sparse_encoder", SentenceTransformersEncoder, "any folder of sentence-transformers, by itself"),
        ModelPlugin("sparse_images", SparseImages, "sentence-transformers sparse models that look at images"),
        ModelPlugin("sparse_vectors", SparseVectors, "sparse vectors that somebody else made, by id"),
        ModelPlugin("splade", Splade, "SPLADE: the pooled logits of any masked-language-model checkpoint", _TRAININGS),
        ModelPlugin("splade_doc", SpladeDoc, "SPLADE-doc: queries are their own tokens, no inference", _TRAININGS),
        ModelPlugin("xclip", XClip, "CLIP at four granularities of text and video", convert=converters.xclip),
    ]
