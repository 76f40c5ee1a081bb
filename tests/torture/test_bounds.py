"""What a few bytes can ask for is counted before it is made."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import yaml

import toys
from sparsebench.collection.entries import from_json
from sparsebench.config.limits import DEEPEST, MOST_FILES, MOST_POINTS
from sparsebench.errors import CollectionError, SuiteError
from sparsebench.lines import LONGEST_LINE, Mistakes, parse_lines
from sparsebench.progress import Silent
from sparsebench.records.sealed import Damage, unsealed
from sparsebench.runner import Runner
from sparsebench.store import Store
from sparsebench.suite import Suite, load_suite
from sparsebench.training.recipe import load_recipe
from torture.nasty import SUITES


def _suite(folder: Path, text: str) -> Suite:
    path = folder / "suite.yaml"
    path.write_text(text)
    return load_suite(path, toys.registry())


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_that_asks_for_too_much_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    text, said = SUITES[name]
    with pytest.raises(SuiteError) as error:
        _suite(tmp_path, text)
    assert said in str(error.value)
    assert len(str(error.value)) < 5_000


def test_what_is_within_the_bounds_is_spelled_out(tmp_path: Path) -> None:
    alphas = [round(0.001 * n, 3) for n in range(1, MOST_POINTS)]
    text = toys.write_suite(tmp_path / "s.yaml", toys.write_collection(tmp_path / "web")).read_text()
    grid = yaml.safe_dump([{"name": "words", "grid": {"expansion": alphas}}])
    suite = _suite(tmp_path, text.replace("models: [words]", f"models: {json.dumps(yaml.safe_load(grid))}"))
    assert len(suite.models) == MOST_POINTS - 1


def test_aliases_are_shared_where_they_are_few(tmp_path: Path) -> None:
    text = toys.write_suite(tmp_path / "s.yaml", toys.write_collection(tmp_path / "web")).read_text()
    text = "x-values: &v [0.1, 0.2]\n" + text.replace("[words]", "[{name: words, grid: {expansion: *v}}]")
    with pytest.raises(SuiteError, match="unknown key 'x-values'"):
        _suite(tmp_path, text)
    suite = _suite(tmp_path, text.replace("x-values: &v [0.1, 0.2]\n", "").replace("*v", "[0.1, 0.2]"))
    assert [model.params["expansion"] for model in suite.models] == [0.1, 0.2]


def test_a_recipes_grid_is_counted_too(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        "name: r\nbackbone: x\nloss: nll\ndata: {id: x}\n"
        f"grid: {{seed: {list(range(100))}, steps: {list(range(1, 101))}}}\n"
    )
    with pytest.raises(SuiteError, match=r"r\.yaml:5:1: .* 10,000 combinations"):
        load_recipe(tmp_path / "r.yaml")


def test_a_file_that_is_included_on_many_ways_is_read_once(tmp_path: Path) -> None:
    """Forty files that each include the next one twice are 2^40 ways."""
    for n in range(40):
        (tmp_path / f"f{n}.yaml").write_text(f"include: [f{n + 1}.yaml, f{n + 1}.yaml]\n")
    toys.write_suite(tmp_path / "f40.yaml", toys.write_collection(tmp_path / "web"))
    suite = load_suite(tmp_path / "f0.yaml", toys.registry())
    assert [model.label for model in suite.models] == ["words"]


def test_too_many_includes_are_refused(tmp_path: Path) -> None:
    for n in range(MOST_FILES + 2):
        (tmp_path / f"f{n}.yaml").write_text(f"include: f{n + 1}.yaml\n")
    with pytest.raises(SuiteError, match="number 101"):
        load_suite(tmp_path / "f0.yaml", toys.registry())


def test_a_file_of_a_suite_is_read_no_further_than_a_suite_goes(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="has more than 1,000,000 bytes"):
        _suite(tmp_path, "# " + "x" * 1_000_000)


def test_runs_are_no_deeper_than_the_collection(tmp_path: Path) -> None:
    """A depth of 10^9 would ask for 149 GiB."""
    text = toys.write_suite(tmp_path / "s.yaml", toys.write_collection(tmp_path / "web")).read_text()
    boards = []
    for depth in (10, 1_000_000_000):
        (tmp_path / "s.yaml").write_text(text.replace("depth: 10", f"depth: {depth}"))
        store = Store(tmp_path / "store")
        plan = toys.plan_suite(tmp_path / "s.yaml", store)
        boards.append(Runner(store, tmp_path / f"runs{depth}", Silent()).run(plan))
    assert not boards[1].failures
    assert boards[0].records[0].measures == boards[1].records[0].measures


def test_json_within_json_is_one_mistake_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"_id": "a", "text": "x"}\n' + "[" * 100_000 + "\n")
    with pytest.raises(CollectionError, match=r"corpus\.jsonl:2: .*too many levels"), Mistakes() as mistakes:
        assert [entry.id for _, entry in parse_lines(path, from_json, mistakes)] == ["a"]
    with pytest.raises(Damage, match="it is not JSON"):
        unsealed("[" * 100_000, "record.json", remedy="")


def test_a_line_without_end_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "docs.tsv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"d1\tx\nd2\t")
        for _ in range(1 + LONGEST_LINE // (1 << 20)):
            file.write(bytes(1 << 20))
    with pytest.raises(CollectionError, match=r"docs\.tsv\.gz:2: the line is longer"), Mistakes() as mistakes:
        list(parse_lines(path, str, mistakes))


def test_the_deepest_suite_is_read(tmp_path: Path) -> None:
    levels = DEEPEST - 3
    with pytest.raises(SuiteError, match="'description' should be text"):
        _suite(tmp_path, f"name: a\ndescription: {'[' * levels}{']' * levels}\n")
