from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from boards import noise_of, rich_record, write_rich
from sparsebench.errors import StoreError
from sparsebench.leaderboard import FORMATS, merged_report, publish, published_report, read_board, read_report
from sparsebench.records import CollectionFacts, ModelFacts, Provenance
from sparsebench.records.noise import Noise

# On `web`, bm25 + dsl is 0.025 better than the baseline bm25 + none, splade 0.45 and more.
FLOORS = {"bm25": 0.013, "splade": 0.2}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """`runs/rich/` with the noise of both models on `web`, and of none on the other collection."""
    folder = write_rich(tmp_path / "runs")
    Noise(groups=tuple(noise_of(rich_record("web", model, "none"), FLOORS[model]) for model in FLOORS)).write(folder)
    return folder


def test_a_difference_within_the_floors_of_both_models_is_in_parentheses(runs: Path) -> None:
    text = read_report(runs).render("md")
    (line,) = [line for line in text.splitlines() if line.startswith("|") and "(+" in line]
    assert line.startswith("| bm25 + dsl (batch) ")
    assert "(+0.0250) |" in line
    assert "moved nDCG@10 by at most 0.2 (splade), 0.013 (bm25). In parentheses: a difference no larger" in text
    assert "Noise of encoding, by `sparsebench noise`" in text


def test_a_difference_above_the_floors_is_as_it_was_but_the_floors_are_stated(runs: Path) -> None:
    Noise(groups=(noise_of(rich_record("web", "bm25", "none"), 0.012),)).write(runs)
    text = read_report(runs).render("md")
    assert "(+0.0250)" not in text
    assert "moved nDCG@10 by at most 0.012 (bm25).\n" in text


def test_latex_says_so_in_the_caption(runs: Path) -> None:
    text = read_report(runs).render("latex")
    assert " (+0.0250) &" in text
    assert "In parentheses" in next(line for line in text.splitlines() if line.startswith(r"\caption{rich: web"))


def test_data_carry_the_floor_of_each_difference(runs: Path) -> None:
    report = read_report(runs)
    lines = list(csv.DictReader(io.StringIO(report.render("csv"))))
    floors = {(line["collection"], line["model"]): line["noise_floor"] for line in lines}
    assert float(floors["web", "bm25"]) == pytest.approx(0.026)
    assert float(floors["web", "splade"]) == pytest.approx(0.213)
    assert floors["beir/scifact/test", "bm25"] == ""
    assert [cell["noise_floor"] for cell in json.loads(report.render("json"))["cells"][:1]] == [pytest.approx(0.213)]


def test_where_nothing_was_measured_nothing_changes(runs: Path, tmp_path: Path) -> None:
    plain = read_report(write_rich(tmp_path / "plain"))
    measured = {form: read_report(runs).render(form) for form in FORMATS}
    (runs / "noise.json").unlink()
    for form in FORMATS:
        assert read_report(runs).render(form) == plain.render(form) != measured[form]


def test_noise_of_other_vectors_is_not_held_against_these(runs: Path) -> None:
    facts = CollectionFacts(documents=1, queries=1, digests={})
    other = Provenance(model=ModelFacts(identity={}), collection=facts)
    stale = rich_record("web", "bm25", "none", provenance=other)
    Noise(groups=(noise_of(stale, 0.013),)).write(runs)
    assert "(+0.0250)" not in read_report(runs).render("md")


def test_it_is_published_and_goes_when_it_is_measured_no_longer(runs: Path, tmp_path: Path) -> None:
    boards = tmp_path / "leaderboards"
    publish(read_board(runs), runs, boards)
    assert (boards / "rich/noise.json").read_bytes() == (runs / "noise.json").read_bytes()
    assert "(+0.0250)" in (boards / "rich.md").read_text()
    assert published_report(boards, "rich").check(boards / "rich.html", "html") is None
    (runs / "noise.json").unlink()
    publish(read_board(runs), runs, boards)
    assert not (boards / "rich/noise.json").exists()
    assert "(+0.0250)" not in (boards / "rich.md").read_text()


def test_a_merged_board_has_the_noise_of_the_first_machine_that_measured_it(runs: Path, tmp_path: Path) -> None:
    other = write_rich(tmp_path / "other")
    assert "(+0.0250)" in merged_report([other, runs]).render("md")


def test_a_group_measured_again_takes_the_place_of_what_was_known_of_it() -> None:
    first, other = (noise_of(rich_record("web", model, "none"), 0.1) for model in FLOORS)
    noise = Noise().with_group(first).with_group(other).with_group(first.model_copy(update={"sampled": 7}))
    assert [(of.model, of.sampled) for of in noise.groups] == [("splade", 0), ("bm25", 7)]


def test_a_damaged_file_says_what_to_do(runs: Path) -> None:
    (runs / "noise.json").write_text("{")
    with pytest.raises(StoreError, match=r"noise\.json is damaged: .*`sparsebench noise rich` measures it again"):
        read_board(runs)
