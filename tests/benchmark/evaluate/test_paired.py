"""Models that compare texts with what is looked at: encoded once for both directions, scored, resumed, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import toys
from pictures import COLOURS, ColoursPlugin, LoadedColours, write_pictures
from sparsebench import EncodedFeatures
from sparsebench.encoding import features
from sparsebench.errors import CollectionError, ModelError, SuiteError
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.noise import group_noise
from sparsebench.media import place as media_place
from sparsebench.planning import Plan
from sparsebench.planning.shards import missing_documents
from sparsebench.progress import Silent
from sparsebench.provenance import Stopwatch
from sparsebench.records import Record
from sparsebench.records.noise import GroupNoise
from sparsebench.runner import Runner
from sparsebench.store import Store

BOTH = """
  - {id: video/csv, folder: pictures, media: pictures, name: t2v,
     bank: &bank {split: train, gallery: true}, dev: &dev {split: bank}}
  - {id: video/csv, folder: pictures, media: pictures, direction: video_to_text, name: v2t, bank: *bank, dev: *dev}
"""


@pytest.fixture(autouse=True)
def _from_the_beginning() -> None:
    media_place._index.cache_clear()
    LoadedColours.texts, LoadedColours.items = [], []
    LoadedColours.pairs = LoadedColours.rescored = 0
    LoadedColours.broken_item = ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path / "pictures")
    return tmp_path


def suite(folder: Path, *, collections: str = BOTH, models: str = "[colours]", extra: str = "") -> Path:
    path = folder / "colours.yaml"
    text = f"name: colours\nmeasures: [Success@1, MnR]\ndepth: 10\ncollections:{collections}\nmodels: {models}\n{extra}"
    path.write_text(text)
    return path


def planned(folder: Path, path: Path) -> Plan:
    return toys.plan_suite(path, Store(folder / "store"), toys.registry(ColoursPlugin()))


def run(folder: Path, path: Path) -> list[Record]:
    runner = Runner(Store(folder / "store"), folder / "runs", Silent())
    return list(runner.run(planned(folder, path)).records)


def matrix(folder: Path, plan: Plan, place: int) -> np.ndarray:
    group = plan.groups[place]
    evaluation = Evaluation(group, Store(folder / "store"), Silent(), Stopwatch())
    (block,) = evaluation.scores(group.collection.test).blocks
    found: np.ndarray = block.scores.numpy()
    return found


def test_both_directions_are_answered_from_one_encoding(folder: Path) -> None:
    records = run(folder, suite(folder))
    assert [record.status for record in records] == ["ok", "ok"]
    assert [record.measures["Success@1"] for record in records] == [1.0, 1.0]
    assert sorted(LoadedColours.items) == sorted(COLOURS)
    assert len(LoadedColours.texts) == 2 * len(COLOURS)
    assert records[0].provenance.model.truncated == {"queries": 0.5}
    assert records[1].provenance.model.truncated == {"documents": 0.5}


def test_video_to_text_is_the_transpose_where_no_second_stage_is(folder: Path) -> None:
    plan = planned(folder, suite(folder))
    np.testing.assert_array_equal(matrix(folder, plan, 0), matrix(folder, plan, 1).T)


def test_the_best_of_each_direction_are_scored_again_and_all_others_are_unseen(folder: Path) -> None:
    plan = planned(folder, suite(folder, models="[{name: colours, best: 2}]"))
    forth, back = matrix(folder, plan, 0), matrix(folder, plan, 1)
    assert (np.isfinite(forth).sum(axis=1) == 2).all()
    assert (np.isfinite(back).sum(axis=1) == 2).all()
    assert not (np.isfinite(forth) == np.isfinite(back).T).all()  # white is near every caption, and not the other way
    both = np.isfinite(forth) & np.isfinite(back).T
    np.testing.assert_array_equal(forth[both], back.T[both])
    assert LoadedColours.rescored == 2 * forth.shape[0] + 2 * back.shape[0]


def test_tuning_and_banks_look_at_the_pictures_of_the_other_split(folder: Path) -> None:
    tuned = "{name: inverted_softmax_single_query, tune: {tau: [0.1, 1.0], on: dev}}"
    extra = f"postprocessors: [none, {tuned}, {{name: dbsn, tau: 1.0}}]"
    records = run(folder, suite(folder, extra=extra))
    assert {record.status for record in records} == {"ok"}
    assert {"pink", "cyan", "gold"} <= set(LoadedColours.items)
    assert len(LoadedColours.items) == len(set(LoadedColours.items))
    assert len(LoadedColours.texts) == len(set(LoadedColours.texts))


def test_a_run_that_was_cut_off_goes_on_with_the_shard_it_lost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "SHARD_ITEMS", 2)
    path = suite(folder)
    plan, store = planned(folder, path), Store(folder / "store")
    assert missing_documents(plan.groups[0], store) == 4
    LoadedColours.broken_item = "blue"  # the second shard
    assert {record.status for record in run(folder, path)} == {"failed"}
    assert LoadedColours.items == ["red", "green"]
    assert missing_documents(plan.groups[0], store) == 2
    LoadedColours.broken_item = ""
    assert {record.status for record in run(folder, path)} == {"ok"}
    assert LoadedColours.items == ["red", "green", "blue", "white"]
    assert missing_documents(plan.groups[0], store) == 0


def test_a_smaller_shard_changes_no_score(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = suite(folder)
    whole = matrix(folder, planned(folder, path), 0)
    for name in ("SHARD_ITEMS", "SHARD_TEXTS"):
        monkeypatch.setattr(features, name, 3)
    np.testing.assert_array_equal(matrix(folder, planned(folder, path), 0), whole)


def test_scores_are_kept_where_the_model_asks_for_it(folder: Path) -> None:
    for keep, times in ((False, 2), (True, 1)):
        LoadedColours.pairs = 0
        plan = planned(folder, suite(folder, models=f"[{{name: colours, keep: {str(keep).lower()}}}]"))
        first, second = (matrix(folder, plan, 0) for _ in range(2))
        assert LoadedColours.pairs == times * first.size
        np.testing.assert_array_equal(first, second)


def test_a_score_that_is_no_number_fails_the_cell_by_the_names_of_the_pair(folder: Path) -> None:
    Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(folder / "pictures" / "blue.png")
    records = run(folder, suite(folder))
    assert [record.status for record in records] == ["failed", "failed"]
    assert "the score of query 'red#0' for document 'blue' is nan" in (records[0].error or "")
    assert "the score of query 'blue' for document 'red#0' is nan" in (records[1].error or "")


def test_a_picture_that_the_captions_name_and_the_folder_lacks_is_told_with_the_line(folder: Path) -> None:
    (folder / "pictures" / "green.png").unlink()
    with pytest.raises(CollectionError, match=r"captions\.csv:4: 'green' is not in .*pictures"):
        planned(folder, suite(folder))


def test_a_file_that_is_no_picture_fails_the_cells_by_its_name(folder: Path) -> None:
    (folder / "pictures" / "green.png").write_bytes(b"no picture")
    (record, *_) = run(folder, suite(folder))
    assert "green.png (green) cannot be read as an image" in (record.error or "")


@pytest.mark.parametrize(
    ("collections", "models", "told"),
    [
        (BOTH, "[words]", "model 'words': words reads texts alone, and the documents of this collection are clips"),
        ("\n  - {beir: fruit, split: test, name: fruit}", "[colours]", "this collection has none; name its `media:`"),
        ("\n  - {id: video/csv, folder: pictures}", "[colours]", "say where they lie with `media:`"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_computed(
    collections: str, models: str, told: str, folder: Path
) -> None:
    toys.write_collection(folder / "fruit")
    with pytest.raises(SuiteError, match=told):
        planned(folder, suite(folder, collections=collections, models=models))


def test_a_beir_folder_of_pictures_is_text_to_image(folder: Path) -> None:
    beir = toys.write_collection(folder / "fruit")
    texts = {"corpus": {name: name for name in COLOURS}, "queries": {"q1": "all blue", "b1": "red", "q2": "a green"}}
    for name, entries in texts.items():
        lines = (f'{{"_id": "{key}", "text": "{text}"}}\n' for key, text in entries.items())
        (beir / f"{name}.jsonl").write_text("".join(lines))
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tblue\t1\nq2\tgreen\t1\n")
    collections = "\n  - {beir: fruit, split: test, name: fruit, media: pictures}"
    (record,) = run(folder, suite(folder, collections=collections))
    assert record.measures["Success@1"] == 1.0


def test_development_queries_of_a_split_with_a_gallery_of_its_own_are_refused(folder: Path) -> None:
    collections = "\n  - {id: video/csv, folder: pictures, media: pictures, dev: {split: train}}"
    with pytest.raises(CollectionError, match=r"split 'train' has documents of its own.*`dev: \{split: bank\}`"):
        planned(folder, suite(folder, collections=collections))


def keys(folder: Path, path: Path) -> dict[str, str]:
    media_place._index.cache_clear()
    plan = planned(folder, path)
    return {f"{group.collection.spec.name}/{cell.spec.label}": cell.key for group, cell in plan.cells}


def repaint(folder: Path, name: str) -> None:
    Image.fromarray(np.full((8, 8, 3), 7, dtype=np.uint8)).save(folder / "pictures" / f"{name}.png")


def test_a_repainted_picture_changes_the_keys_of_what_looks_at_it_and_of_nothing_else(folder: Path) -> None:
    path = suite(folder, extra="postprocessors: [none, {name: qb_norm, tau: 1.0}, {name: dbsn, tau: 1.0}]")
    before = keys(folder, path)
    repaint(folder, "pink")  # of the bank
    after = keys(folder, path)
    assert {name for name in before if before[name] != after[name]} == {"t2v/dbsn", "v2t/qb_norm", "v2t/dbsn"}
    repaint(folder, "red")  # tested
    assert all(after[name] != key for name, key in keys(folder, path).items())


def test_features_of_the_wrong_length_are_a_failed_cell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(self: Any, texts: Any) -> Any:
        return EncodedFeatures({"colour": np.ones((1, 3), np.float32)})

    monkeypatch.setattr(LoadedColours, "encode_texts", short)
    (record, *_) = run(folder, suite(folder))
    assert "LoadedColours returned 'colour' of (1, 3): an array of numbers with 8 rows was asked for" in (
        record.error or ""
    )


def test_a_model_that_declares_no_second_stage_has_none() -> None:
    class One(LoadedColours):
        rescore = LoadedColours.__mro__[1].rescore  # type: ignore[misc]

    with pytest.raises(ModelError, match="One has no second stage"):
        One().rescore({}, {}, np.zeros((0, 2), dtype=np.int64))


def noise(folder: Path, plan: Plan, place: int, sample: int) -> GroupNoise:
    store = Store(folder / "store")
    evaluation = Evaluation(plan.groups[place], store, Silent(), Stopwatch())
    return group_noise(evaluation, toys.registry(ColoursPlugin()), store, sample)


def test_the_noise_of_a_model_that_rounds_nothing_is_nothing(folder: Path) -> None:
    plan = planned(folder, suite(folder))
    for place, (queries, sampled) in enumerate([(8, 3), (4, 3)]):
        found = noise(folder, plan, place, sample=3)
        assert found.floors == {"Success@1": 0.0, "MnR": 0.0}
        assert (found.queries, found.sampled) == (queries, sampled)
        assert len(found.changes) >= 4
        assert {change.weight for change in found.changes} == {0.0}


def test_a_model_whose_features_depend_on_their_neighbours_is_found_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blue is seen as red wherever it does not stand third in its call."""
    encode = LoadedColours.encode_items

    def leaning(self: LoadedColours, items: Any) -> Any:
        found = encode(self, items).features["colour"].copy()
        for place, item in enumerate(items):
            if item.item_id == "blue" and place != 2:
                found[place] = COLOURS["red"]
        return EncodedFeatures({"colour": found})

    monkeypatch.setattr(LoadedColours, "encode_items", leaning)
    plan = planned(folder, suite(folder))
    for place in (0, 1):
        found = noise(folder, plan, place, sample=10)
        assert {change.variation: change.weight for change in found.changes}["another order"] == 255.0
        assert found.floors["Success@1"] > 0


def test_scores_of_another_encoding_are_not_kept(folder: Path) -> None:
    plan = planned(folder, suite(folder, models="[{name: colours, keep: true}]"))
    noise(folder, plan, 0, sample=10)
    assert len(list((folder / "store" / "scores").iterdir())) == 1


def test_a_videos_captions_as_one_answer_leave_the_first_place_and_never_lower_the_rank(folder: Path) -> None:
    back = "id: video/csv, folder: pictures, media: pictures, direction: video_to_text"
    collections = f"\n  - {{{back}, name: captions}}\n  - {{{back}, name: videos, document_groups: source}}"
    one, other = run(folder, suite(folder, collections=collections))
    assert (one.error, other.error) == (None, None)
    assert other.measures["Success@1"] == one.measures["Success@1"]
    assert other.measures["MnR"] <= one.measures["MnR"]
