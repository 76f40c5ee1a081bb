"""Boards for tests: small enough to check by hand, rich enough to fill every part of the page."""

from __future__ import annotations

import math
from pathlib import Path

from sparsebench import Axis, Column, Curves
from sparsebench.contracts import Shown
from sparsebench.provenance.digests import digest, sha256
from sparsebench.records import (
    PER_QUERY_FILE,
    RUN_FILE,
    CellDescription,
    Costs,
    Hardware,
    Index,
    Part,
    Record,
    SuiteFolder,
    per_query_csv,
    write_record,
)
from sparsebench.records.noise import GroupNoise, vectors_digest
from sparsebench.records.topics import Tested, keep_tested
from sparsebench.store import write_atomically, write_bytes_atomically
from sparsebench.types import Json, PerQuery

SHOWN = {
    "sparsity": Shown(
        (
            Column("L0 query", "l0_query", digits=1, note="L0: active terms."),
            Column("FLOPS", "flops", digits=2, note="FLOPS: expected matches.", cost=True),
        )
    ),
    "wackiness": Shown(
        (Column("W-AUC*", "robust.w_auc", digits=3, note="W-AUC\\*: wackiness."),),
        (
            Curves(
                "Wackiness",
                x=Axis("share of tokens", range=(0, 1)),
                y=Axis("wackiness", range=(0, 1.02)),
                beside=Column("W-AUC", "{line}.w_auc", digits=3),
            ),
        ),
    ),
    "removal": Shown(
        curves=(
            Curves(
                "Removal",
                x=Axis("K", log=True),
                y=Axis("change of nDCG@10"),
                compare="lines",
                beside=Column("mean effect", "arms.{line}.statistic"),
            ),
        )
    ),
}
"""What the analyses of the rich board declare."""

QUERIES = {
    "web": [f"w{number}" for number in range(1, 9)],
    "beir/scifact/test": [f"s{number}" for number in range(1, 7)],
}
"""web: eight queries. scifact: six, which a real one has not."""

HOSTILE = "</script><script>window.broken=1</script><!-- \u2028 &amp;"

SUMMARY = """**Supported** by `nDCG@10`, W-AUC\\* and all.

### Systems

| systems       | in − out   |
|---------------|------------|
| splade − bm25 | +0.1       |
"""


def _value(model: str, postprocessor: str, place: int) -> float:
    """A value of one query: splade beats bm25 everywhere but on the first query; dsl adds a little to every second."""
    base = 0.9 if (model == "splade") != (place == 0) else 0.3
    return round(base + 0.05 * (postprocessor == "dsl") * (place % 2) + 0.01 * place, 6)


def values(collection: str, model: str, postprocessor: str) -> dict[str, dict[str, float]]:
    """measure -> query_id -> value."""
    found = {id_: _value(model, postprocessor, place) for place, id_ in enumerate(QUERIES[collection])}
    return {"nDCG@10": found, "RR@10": {id_: round(value / 2, 6) for id_, value in found.items()}}


def rich_record(collection: str, model: str, postprocessor: str, **changes: object) -> Record:
    """A record with everything that a page shows."""
    splade = model == "splade"
    params = {"checkpoint": "naver/splade-v3", "revision": "a" * 40} if splade else {"k1": 0.9}
    measures = {name: sum(of.values()) / len(of) for name, of in values(collection, model, postprocessor).items()}
    is_irds = collection != "web"
    record = Record(
        key=digest([collection, model, postprocessor]),
        status="ok",
        cell=CellDescription(
            collection=Part(
                name=collection,
                label=collection,
                params={
                    "ir_datasets": collection if is_irds else None,
                    "split": None,
                    "domain": "out" if is_irds else "in",
                    "drop_own_id": is_irds,
                    "measures": list(measures),
                },
            ),
            model=Part(name=model, label=model, params=params),
            postprocessor=Part(name=postprocessor, label=postprocessor, params={"scale": "median_top1"}),
            candidates="retrieved",
            depth=1000,
        ),
        measures=measures,
        analysis={"sparsity": _sparsity(splade), **(_expansion(collection) if splade else {})},
        sees="batch" if postprocessor == "dsl" else "query",
        tuning=_TUNING if postprocessor == "dsl" else None,
        provenance={
            "software": {"sparsebench": "0.1.0", "python": "3.12", "libraries": {"numpy": "2.0"}, "git": None},
            "plugins": {"model": {"distribution": "sparsebench", "version": "0.1.0", "module": "m", "name": HOSTILE}},
            "model": {"identity": {"files": {"model.safetensors": "c" * 64}}},
            "collection": {
                "documents": 5183,
                "queries": 300 if is_irds else 8,
                "digests": {"corpus": digest(collection)},
            },
            "postprocessing": {"scale": 13.5},
            "device": "cpu",
            "dtype": "float32",
        },
        costs=costs({"encode documents": 31.5 if splade else 0.25, "rank": 0.5, "tune": 9.0}),
    )
    return record.model_copy(update=changes)


def costs(seconds: dict[str, float], device: str = "cpu", fingerprint: str = "f" * 12) -> Costs:
    """Of one machine."""
    machine = Hardware(cpu="abacus", cores=2, system="Linux x86_64", device=device, fingerprint=fingerprint)
    return Costs(seconds=seconds, peak_memory_mib={}, hardware=machine)


_TUNING = {
    "on": "dev",
    "queries": 4,
    "measure": "nDCG@10",
    "chosen": {"tau": 0.5},
    "tried": [{"parameters": {"tau": 0.5}, "value": 0.7}, {"parameters": {"tau": 1.0}, "value": 0.6}],
}


def _sparsity(splade: bool) -> dict[str, Json]:
    found = {"l0_query": 17.0, "l0_document": 145.7, "flops": 1.91} if splade else {"l0_query": 6.4, "flops": 0.84}
    return {"analyzer": {"name": "sparsity"}, **found, "artefact": f"sparsity-{splade}", "files": []}


def _expansion(collection: str) -> dict[str, Json]:
    """Wackiness with a curve, and a removal study of five K."""
    grid = [1, 10, 100, 1000, 5000]
    drop = [-0.001 * math.log(k + 1) for k in grid]
    arms = {
        "wackiest": {"mass": [0.1] * 5, "effect": drop, "statistic": -0.004},
        "random": {
            "mass": [0.1] * 5,
            "effect": [value / 2 for value in drop],
            "low": [value / 2 - 0.001 for value in drop],
            "high": [value / 2 + 0.001 for value in drop],
            "statistic": -0.002,
        },
        "all_expansion": {"mass": 1.0, "effect": -0.05, "statistic": -0.05},
    }
    name = collection.replace("/", "")
    return {
        "wackiness": {
            "analyzer": {"name": "wackiness", "params": {"ranker": "self"}},
            "scoring_queries": {"source": "pseudo", "n": 400},
            "robust": {"w_auc": 0.875, "n": 900},
            "artefact": f"wackiness-{name}",
            "files": ["robust.curve.csv"],
        },
        "removal": {
            "analyzer": {"name": "removal"},
            "summary": f"Removal on {collection} is `seen`.",
            "measure": "nDCG@10",
            "before": 0.75,
            "grid": grid,
            "arms": arms,
            "p": 0.012,
            "per_query": {"w1": 0.5},
            "artefact": f"removal-{name}",
            "files": ["random.curve.csv", "wackiest.curve.csv"],
        },
    }


def noise_of(record: Record, floor: float) -> GroupNoise:
    """As if encoding again had moved the mean of nDCG@10 of a record's model that far."""
    model, collection = record.provenance.model, record.provenance.collection
    assert model is not None
    assert collection is not None
    return GroupNoise(
        collection=record.cell.collection.label,
        model=record.cell.model.label,
        made_of=vectors_digest(model.identity, collection.digests),
        hardware="f" * 12,
        documents=5183,
        floors={"nDCG@10": floor},
    )


def write_rich(folder: Path, **index: object) -> Path:
    """`runs/rich/` below a folder: two models with two postprocessors on two collections."""
    suite = folder / "rich"
    records = [
        rich_record(collection, model, postprocessor)
        for collection in QUERIES
        for model in ("splade", "bm25")
        for postprocessor in ("none", "dsl")
    ]
    fields = {
        "description": f"Everything at once. {HOSTILE}",
        "analyses": {"domain_gap": {"summary": SUMMARY}},
        "shown": SHOWN,
    }
    write_records(suite, records, **fields | index)
    for collection in QUERIES:
        curve = "".join(f"{place / 500:.6g},{1 - (place / 500) ** 4:.6f}\n" for place in range(501))
        name, place = collection.replace("/", ""), SuiteFolder(suite)
        write_atomically(place.analysis(f"wackiness-{name}") / "robust.curve.csv", f"x,wackiness\n{curve}")
        removal = place.analysis(f"removal-{name}")
        write_atomically(removal / "wackiest.curve.csv", "k,effect\n1,-0.001\n10,-0.002\n5000,-0.009\n")
        write_atomically(
            removal / "random.curve.csv", "k,effect,low,high\n1,0,-0.001,0.001\n5000,-0.004,-0.005,-0.003\n"
        )
    return suite


def write_records(folder: Path, records: list[Record], **index: object) -> None:
    """Records, the values of their queries, and the index of them all."""
    fields = {"description": "", "baseline": ("bm25", "none"), "cells": tuple(each.key for each in records), **index}
    Index.model_validate({"suite": folder.name, **fields}).write(folder)
    for each in records:
        cell = each.cell
        write_cell(folder, each, values(cell.collection.label, cell.model.label, cell.postprocessor.label))
        if facts := each.provenance.collection:
            asked = {query: f"text of {query}" for query in QUERIES.get(cell.collection.label, ())}
            keep_tested(SuiteFolder(folder), facts.digests, Tested(asked, {query: {"d1": 1} for query in asked}))


def write_cell(folder: Path, record: Record, per_query: PerQuery | None = None, run: bytes | None = None) -> Record:
    """A record and the files beside it, with their checksums."""
    place = SuiteFolder(folder)
    files = dict(record.files)
    if per_query is not None:
        write_atomically(place.per_query(record.key), per_query_csv(per_query))
        files[PER_QUERY_FILE] = sha256(place.per_query(record.key))
    if run is not None:
        write_bytes_atomically(place.run(record.key), run)
        files[RUN_FILE] = sha256(place.run(record.key))
    whole = record.model_copy(update={"files": files})
    write_record(place.record(record.key), whole)
    return whole
