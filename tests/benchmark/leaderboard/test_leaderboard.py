from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from boards import costs, write_cell
from sparsebench.errors import StoreError
from sparsebench.leaderboard import (
    Board,
    publish,
    published_report,
    read_board,
    render_markdown,
    reproduction,
)
from sparsebench.leaderboard.board import mean_groups
from sparsebench.records import CellDescription, CollectionFacts, Index, Part, Provenance, Record, Trial, Tuning
from sparsebench.store import write_atomically


def record(collection: str, model: str, postprocessor: str, value: float, **changes: object) -> Record:
    domain = "in" if collection == "web" else "out"
    cell = CellDescription(
        collection=Part(name=collection, label=collection, params={"domain": domain, "measures": ["nDCG@10"]}),
        model=Part(name=model, label=model, params={}),
        postprocessor=Part(name=postprocessor, label=postprocessor, params={}),
        candidates="retrieved",
        depth=10,
    )
    plain = Record(
        key=f"{collection}-{model}-{postprocessor}".ljust(64, "0"),
        status="ok",
        cell=cell,
        measures={"nDCG@10": value},
        sees="query",
        provenance=Provenance(collection=COLLECTION),
        costs=costs({"rank": 1.25}),
    )
    return plain.model_copy(update=changes)


COLLECTION = CollectionFacts(documents=3, queries=2, digests={}, counts={"empty_documents": 1, "dropped": 0})
FOUR = [
    record("web", "bm25", "none", 0.5),
    record("web", "splade", "none", 0.75),
    record("science", "bm25", "none", 0.4),
    record("science", "splade", "none", 0.3),
]


def write(folder: Path, records: list[Record]) -> Board:
    Index(suite="demo", description="A demonstration.", cells=tuple(each.key for each in records)).write(folder)
    for each in records:
        write_cell(folder, each, {"nDCG@10": {"q1": each.measures.get("nDCG@10", 0), "q2": 0.0}}, run=b"a run")
    return read_board(folder)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return write(tmp_path / "demo", FOUR)


def lines_with(text: str, *words: str) -> list[str]:
    return [line for line in text.splitlines() if all(word in line for word in words)]


def test_rows_are_systems_in_the_suites_order(board: Board) -> None:
    assert [(row.model, list(row.records)) for row in board.rows] == [
        ("bm25", ["web", "science"]),
        ("splade", ["web", "science"]),
    ]


def test_the_best_of_a_column_is_bold_and_only_it(board: Board) -> None:
    text = render_markdown(board)
    assert lines_with(text, "splade", "**0.7500**", "0.3000")
    assert lines_with(text, "bm25", "0.5000", "**0.4000**")


def test_a_mean_is_over_complete_rows_and_names_its_set(board: Board, tmp_path: Path) -> None:
    assert lines_with(render_markdown(board), "bm25", "0.4500")
    assert "mean: web, science" in render_markdown(board)
    incomplete = write(tmp_path / "holes", FOUR[:3])
    (splade, *_) = lines_with(render_markdown(incomplete), "splade", "0.7500")
    assert splade.rstrip().endswith("– |")


def test_no_mean_stands_over_different_measures(tmp_path: Path) -> None:
    other = record("science", "bm25", "none", 0.4)
    params = {**other.cell.collection.params, "measures": ["RR@10"]}
    cell = other.cell.model_copy(update={"collection": other.cell.collection.model_copy(update={"params": params})})
    mixed = [FOUR[0], other.model_copy(update={"cell": cell, "measures": {"RR@10": 0.4}})]
    assert "mean" not in render_markdown(write(tmp_path, mixed))


def with_digest(record: Record, corpus: str) -> Record:
    facts = COLLECTION.model_copy(update={"digests": {"corpus": corpus, "test": "t"}})
    return record.model_copy(update={"provenance": Provenance(collection=facts)})


def test_a_collection_under_two_names_counts_once_in_a_mean(tmp_path: Path) -> None:
    again = [with_digest(record("web2", model, "none", 0.9), "w") for model in ("bm25", "splade")]
    records = [with_digest(each, each.cell.collection.label[:1]) for each in FOUR] + again
    board = write(tmp_path, records)
    text = render_markdown(board)
    assert lines_with(text, "bm25", "0.4500")
    assert "mean: web, science" in text
    assert "web2 is web under another name: documents, queries and judgments have one digest." in text
    assert mean_groups(board, {"web": "nDCG@10", "web2": "nDCG@10"}) == {}


def test_counts_that_are_not_zero_are_stated(board: Board) -> None:
    text = render_markdown(board)
    assert "In-domain. 3 documents, 2 test queries; 1 empty documents." in text
    assert "dropped" not in text


def test_smaller_ranks_are_better(tmp_path: Path) -> None:
    def ranked(model: str, value: float) -> Record:
        plain = record("web", model, "none", value)
        params = {"domain": "in", "measures": ["MnR"]}
        collection = plain.cell.collection.model_copy(update={"params": params})
        cell = plain.cell.model_copy(update={"collection": collection})
        return plain.model_copy(update={"cell": cell, "measures": {"MnR": value}})

    text = render_markdown(write(tmp_path, [ranked("bm25", 3.0), ranked("splade", 7.0)]))
    assert "**3.0000**" in text
    assert "**7.0000**" not in text


def test_a_failed_cell_is_a_hole_with_its_reason(tmp_path: Path) -> None:
    failed = record("web", "splade", "none", 0, status="failed", error="no head", measures={})
    text = render_markdown(write(tmp_path, [FOUR[0], failed]))
    assert "- splade on web, none: no head" in text
    assert lines_with(text, "splade", "–")


def test_cells_not_computed_yet_are_counted(tmp_path: Path) -> None:
    Index(suite="demo", description="", cells=tuple(each.key for each in FOUR)).write(tmp_path)
    write_cell(tmp_path, FOUR[0])
    assert "3 cells are not computed yet" in render_markdown(read_board(tmp_path))


def test_tuned_values_say_how_they_were_chosen(tmp_path: Path) -> None:
    tried = (Trial(parameters={"tau": 0.5}, value=0.1),) * 3
    tuning = Tuning(on="dev", queries=1, measure="nDCG@10", chosen={"tau": 0.5}, tried=tried)
    tuned = record("web", "bm25", "dsl", 0.5, tuning=tuning, sees="batch")
    assert lines_with(render_markdown(write(tmp_path, [tuned])), "dsl", "batch", "tau 0.5 (of 3, nDCG@10 on dev)")


def test_publishing_again_changes_only_the_costs(tmp_path: Path) -> None:
    runs, boards = tmp_path / "runs" / "demo", tmp_path / "leaderboards"
    publish(write(runs, FOUR), runs, boards)
    before = {path.name: path.read_bytes() for path in boards.rglob("*") if path.is_file()}
    slower = [each.model_copy(update={"costs": costs({"rank": 9.0})}) for each in FOUR]
    publish(write(runs, slower), runs, boards)
    after = {path.name: path.read_bytes() for path in boards.rglob("*") if path.is_file()}
    assert {name for name in before if before[name] != after[name]} == {"costs.json"}


def test_a_published_board_comes_back_and_checks(board: Board, tmp_path: Path) -> None:
    page = publish(board, tmp_path / "demo", tmp_path / "leaderboards")
    published = published_report(tmp_path / "leaderboards", "demo")
    assert published.check(page, "md") is None
    assert published.check(page.with_suffix(".html"), "html") is None
    page.write_text(page.read_text().replace("0.7500", "0.9500"))
    difference = published.check(page, "md")
    assert difference is not None
    assert "not what the records say" in difference
    archive = gzip.decompress((tmp_path / "leaderboards/demo/per_query.csv.gz").read_bytes()).decode()
    assert f"{FOUR[1].key[:16]},nDCG@10,q1,0.75" in archive.splitlines()


def test_a_table_with_holes_is_not_published(tmp_path: Path) -> None:
    failed = record("web", "splade", "none", 0, status="failed", error="no head", measures={})
    board = write(tmp_path / "demo", [FOUR[0], failed])
    with pytest.raises(StoreError, match="1 failed"):
        publish(board, tmp_path / "demo", tmp_path / "leaderboards")


def test_reproduction_counts_figures_equal_to_the_printed_digits(board: Board, tmp_path: Path) -> None:
    almost = [each.model_copy(update={"measures": {"nDCG@10": each.measures["nDCG@10"] + 4e-6}}) for each in FOUR]
    assert str(reproduction(write(tmp_path / "a", almost), board)) == "reproduced 4 of 4"
    off = [FOUR[0].model_copy(update={"measures": {"nDCG@10": 0.51}}), *FOUR[1:3]]
    found = reproduction(write(tmp_path / "b", off), board)
    assert (found.equal, found.total) == (2, 4)
    assert found.largest_difference == pytest.approx(0.01)


def test_two_records_of_one_cell_that_disagree_are_an_error_that_shows_both(tmp_path: Path) -> None:
    twin = FOUR[0].model_copy(update={"key": "f" * 64})
    with pytest.raises(StoreError, match=r"bm25 \+ none on web disagree: web-bm25-none000 and ffff"):
        write(tmp_path, [FOUR[0], twin])


def test_no_results_and_damaged_indexes_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="sparsebench run demo"):
        read_board(tmp_path / "demo")
    write_atomically(tmp_path / "demo" / "index.json", json.dumps({"suite": "demo"}))
    with pytest.raises(StoreError, match=r"index\.json is damaged.*sparsebench run demo"):
        read_board(tmp_path / "demo")


def test_leaderboards_need_no_torch() -> None:
    script = "import sys, sparsebench.leaderboard, sparsebench.cli.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
