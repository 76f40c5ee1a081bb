"""The analyzer against METHODS 2.1 spelled in plain Python, on real text: Cranfield and the tiny SPLADE."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array, vstack

from sparsebench.contracts import GroupContext, Vocabulary
from sparsebench.types import Query, Topics
from sparsebench_plugins.analyzers.wackiness import Wackiness
from sparsebench_plugins.analyzers.wackiness.material import gather
from sparsebench_plugins.analyzers.wackiness.sample import draw
from sparsebench_plugins.analyzers.wackiness.scores import PAPER_CODE, PAPER_FORMULA, Preset, score

DEPTH, BATCH = 20, 16
SOME, ALL = 150, 1400


class TinySplade(Vocabulary):
    """As sentence-transformers would run it: whole logits, one batch after another."""

    def __init__(self, folder: Path):
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForMaskedLM.from_pretrained(folder).eval()
        self.size = self.model.config.vocab_size
        self.special_ids = frozenset(self.tokenizer.all_special_ids)

    def token(self, term_id: int) -> str:
        return self.tokenizer.convert_ids_to_tokens(term_id)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        return self.tokenizer(list(texts), add_special_tokens=False, truncation=True, verbose=False)["input_ids"]

    def encode(self, texts: Sequence[str]) -> csr_array:
        return vstack([csr_array(self._batch(texts[i : i + BATCH])) for i in range(0, len(texts), BATCH)], format="csr")

    def _batch(self, texts: Sequence[str]) -> np.ndarray:
        import torch

        inputs = self.tokenizer(list(texts), padding=True, truncation=True, max_length=128, return_tensors="pt")
        with torch.inference_mode():
            logits = self.model(**inputs).logits  # (b, L, V)
        masked = torch.where(inputs["attention_mask"][..., None] > 0, logits, 0)
        return torch.log1p(torch.relu(masked.amax(dim=1))).numpy()


@pytest.fixture(scope="module", params=[SOME, pytest.param(ALL, marks=pytest.mark.slow)])
def context(request: pytest.FixtureRequest, beir_dir: Path, tiny_splade_dir: Path, make_context) -> GroupContext:
    folder = beir_dir / "cranfield"
    documents = islice(rows(folder / "corpus.jsonl"), request.param)
    texts = [*(f"{row['title']} {row['text']}".strip() for row in documents), ""]
    queries = [row["text"] for row in rows(folder / "queries.jsonl")]
    model = TinySplade(tiny_splade_dir)
    vectors, place = model.encode(queries), {text: i for i, text in enumerate(queries)}
    return make_context(
        vocabulary=model,
        texts=texts,
        encode_queries=lambda asked: vectors[[place[text] for text in asked]],
        document_vectors=model.encode(texts),
        test=queries[:25],
        bank=Topics(tuple(Query(f"b{i}", text) for i, text in enumerate(queries[25:]))),
    )


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@dataclass
class Plain:
    """u, W and W-AUC of METHODS 2.1, a dict and a loop at a time."""

    context: GroupContext
    queries: Sequence[str]
    constant_idf: bool

    def utilities(self) -> dict[int, float]:
        tokens = self.context.vocabulary.token_ids([d.text.lower() for d in self.context.documents()])
        df = Counter(token for of_document in tokens for token in set(of_document))
        seen: dict[int, list[float]] = defaultdict(list)
        for query in self.queries:
            vector = self.context.encode_queries([query])
            own = set(self.context.vocabulary.token_ids([query])[0])
            ranked = [int(d) for d in self.context.search(vector, DEPTH).documents[0] if d >= 0]
            for term in set(vector.indices.tolist()) - own:
                evidence = sum(self.tf(term, tokens[d]) / math.log(2 + i) for i, d in enumerate(ranked))
                idf = math.log((len(tokens) + 1) / ((0 if self.constant_idf else df[term]) + 1)) + 1
                seen[term].append(idf * evidence)
        return {term: sum(values) / len(values) for term, values in sorted(seen.items()) if len(values) >= 4}

    @staticmethod
    def tf(term: int, document: list[int]) -> float:
        return document.count(term) / math.log(1 + len(document) + 1e-10) if document else 0

    def w_auc(self) -> float:
        utilities = self.utilities()
        largest = max(utilities.values())
        wacky = sorted((1 - u / largest for u in utilities.values()), reverse=True)
        edges = [j * len(wacky) // 1000 for j in range(1001)]
        bins = [wacky[low:high] for low, high in pairwise(edges) if high > low]
        curve = [sum(values) / len(values) for values in bins]
        return sum((left + right) / 2 for left, right in pairwise(curve)) / 1000


@pytest.mark.parametrize(("name", "preset"), [("paper_code", PAPER_CODE), ("paper_formula", PAPER_FORMULA)])
def test_the_paper_presets_agree_with_the_plain_rendering_on_real_text(
    context: GroupContext, name: str, preset: Preset
):
    scoring = draw(context, choice="train", size=10_000, seed=0)
    plain = Plain(context, scoring.texts, constant_idf=name == "paper_code")
    material = gather(context, scoring, ranker="self", depth=DEPTH)
    scores = score(material.observations, preset, material.scale(preset, min_occurrences=4))
    expected = plain.utilities()
    assert len(expected) > 100
    assert scores.terms.tolist() == list(expected)
    assert scores.utilities == pytest.approx(np.array(list(expected.values())), abs=1e-9)
    values = Wackiness(presets=(name,), scoring_queries="train", depth=DEPTH).analyze(context).values[name]
    assert values["n"] == len(expected)
    assert values["w_auc"] == pytest.approx(plain.w_auc(), abs=1e-9)
