"""The suites of suites/video with tiny random models of the real architectures in the place of the hub's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import write_clips
from sparsebench.planning.session import Session, open_session
from sparsebench.progress import Silent
from sparsebench.rank import read_trec
from sparsebench.records import SuiteFolder
from sparsebench.runner import Runner
from video_sets import write_sets

SUITES = Path(__file__).parents[4] / "suites" / "video"
NAMES = sorted(path.stem for path in SUITES.glob("*.yaml"))
LONG = ("didemo", "activitynet")


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as SPARSEBENCH_VIDEO: tiny sets, and a picture for each video."""
    folder = tmp_path_factory.mktemp("sets")
    for place in write_sets(folder).values():
        for name in ("a", "b", "c", "f1_a", "f1_b", "f2_a", "x_1", "y_2", "z_3", "v1", "v2", "v3", "v_a", "v_b", "v_c"):
            _picture(place / "videos" / f"{name}.png")
        for number in range(1, 5):
            _picture(place / "videos" / f"video{number}.png")
    (folder / "msrvtt-1ka").rename(folder / "both")
    for path in (folder / "both").glob("*.csv"):
        path.rename(folder / "msrvtt" / path.name)
    return folder


def _picture(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    shade = np.frombuffer(path.stem.encode().ljust(3, b"x")[:3], dtype=np.uint8)
    Image.fromarray(np.broadcast_to(shade, (8, 8, 3)).copy()).save(path)


@pytest.fixture(scope="module")
def clips_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips") / "clips")


def stand_ins(count: int, clip: Path, blip: Path, *, first_blip: int) -> Sequence[str]:
    """Overrides that put tiny checkpoints in the place of the hub's."""
    folders = [clip if place < first_blip else blip for place in range(count)]
    places = list(enumerate(folders))
    return [f"models.{at}.checkpoint={folder}" for at, folder in places] + [
        f"models.{at}.revision=null" for at, _ in places
    ]


def opened(suite: str, overrides: Sequence[str], folder: Path) -> Session:
    return open_session(
        suite=suite,
        overrides=overrides,
        only=(),
        limit_queries=None,
        device="cpu",
        search_device="cpu",
        offline=True,
        store=folder / "store",
        runs=folder / "runs",
        plugin_switches=(),
    )


@pytest.fixture(autouse=True)
def _environment(sets: Path, clips_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARSEBENCH_VIDEO", str(sets))
    monkeypatch.setenv("SPARSEBENCH_CLIPS", str(clips_folder))


@pytest.mark.parametrize("name", NAMES)
def test_a_suite_is_planned_to_its_last_cell(name: str, clip_dir: Path, blip_dir: Path, tmp_path: Path) -> None:
    matching = name == "blip-matching"
    overrides = stand_ins(2 if matching else 4, clip_dir, blip_dir, first_blip=0 if matching else 3)
    if name in LONG:  # positions of the tiny CLIP end at 40
        overrides = [*overrides, *(f"models.{place}.words=40" for place in range(3))]
    session = opened(str(SUITES / f"{name}.yaml"), overrides, tmp_path)
    methods = len(session.suite.postprocessors)
    assert len(session.plan.cells) == len(session.suite.models) * 2 * methods
    directions = [group.collection.items for group in session.plan.groups]
    assert directions == ["document"] * len(session.suite.models) + ["query"] * len(session.suite.models)


def test_every_method_runs_on_every_system_from_clips_to_a_table(
    clip_dir: Path, blip_dir: Path, tmp_path: Path
) -> None:
    tuned = [f"postprocessors.{place}.tune.tau=[0.1, 1.0]" for place in (1, 2, 3, 5, 6, 7, 8, 11)]
    overrides = [*stand_ins(4, clip_dir, blip_dir, first_blip=3), *tuned]
    session = opened(str(SUITES / "clips.yaml"), overrides, tmp_path)
    board = Runner(session.store, session.runs, Silent()).run(session.plan)
    records = list(board.records)
    assert {record.error for record in records} == {None}
    assert len(records) == 4 * 2 * 12
    for record in records:
        assert 1 <= record.measures["MnR"] <= 6
        assert 0 <= record.measures["Success@1"] <= record.measures["Success@5"] <= 1
    tunings = [record.tuning for record in records if record.tuning]
    assert len(tunings) == 4 * 2 * len(tuned)
    assert {tuning.queries for tuning in tunings} == {3, 6}


def test_blip_ranks_the_matched_and_leaves_all_others_unseen(blip_dir: Path, tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(f"""
name: matched
measures: [Success@1, MnR]
depth: 10
collections:
  - {{id: video/csv, folder: "${{SPARSEBENCH_CLIPS}}", media: "${{SPARSEBENCH_CLIPS}}", name: forth}}
  - {{id: video/csv, folder: "${{SPARSEBENCH_CLIPS}}", media: "${{SPARSEBENCH_CLIPS}}", name: back,
     direction: video_to_text}}
models: [{{name: blip, checkpoint: {blip_dir}, matched: 2, frames: 2}}]
postprocessors: [none, {{name: sinkhorn, tau: 1.0, pool: 2, scale: none}}]
""")
    session = opened(str(suite), (), tmp_path)
    records = list(Runner(session.store, session.runs, Silent()).run(session.plan).records)
    assert {record.error for record in records} == {None}
    for record in records:
        run = read_trec(SuiteFolder(session.runs / session.suite.name).run(record.key))
        assert {len(hits) for hits in run.values()} == {2}


def test_a_scale_makes_a_temperature_mean_the_same_for_systems_that_multiply_and_that_do_not(
    clip_dir: Path, tmp_path: Path
) -> None:
    """CLIP4Clip meanP is DRL's dot product times 100: as rankings they are one, and a temperature tells them apart."""
    suite = tmp_path / "suite.yaml"
    suite.write_text(f"""
name: scales
measures: [Success@1]
depth: 10
collections:
  - {{id: video/csv, folder: "${{SPARSEBENCH_CLIPS}}", media: "${{SPARSEBENCH_CLIPS}}", name: forth}}
models:
  - {{name: clip4clip, checkpoint: {clip_dir}}}
  - {{name: drl, interaction: dp, checkpoint: {clip_dir}}}
postprocessors:
  - none
  - {{name: inverted_softmax, label: scaled, tau: 0.5}}
  - {{name: inverted_softmax, label: bare, tau: 0.5, scale: none}}
""")
    session = opened(str(suite), (), tmp_path)
    records = list(Runner(session.store, session.runs, Silent()).run(session.plan).records)
    assert {record.error for record in records} == {None}
    rankings: dict[str, list[list[list[str]]]] = {}
    for record in records:
        run = read_trec(SuiteFolder(session.runs / session.suite.name).run(record.key))
        rankings.setdefault(record.cell.postprocessor.label, []).append([list(hits) for hits in run.values()])
    for label, same in (("none", True), ("scaled", True), ("bare", False)):
        first, second = rankings[label]
        assert (first == second) is same, label
