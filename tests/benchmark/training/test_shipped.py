"""The recipes and suites that come with sparsebench: they read, and those of the paper run with tiny stand-ins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sparsebench.cli.exits import Exit
from sparsebench.errors import SuiteError
from sparsebench.registry import Registry
from sparsebench.suite import load_suite
from sparsebench.training.checkpoints import RECIPE
from sparsebench.training.recipe import load_recipe
from toys import write_collection

DATA = {"SPARSEBENCH_DATA": "/data"}
BACKBONES = ["distilbert", "distilroberta", "modernbert", "bert"]


@pytest.fixture(autouse=True)
def in_the_checkout(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shipped suites name recipes by their path from there."""
    monkeypatch.chdir(repository)


@pytest.mark.parametrize("backbone_name", BACKBONES)
def test_recipes_at_the_papers_scale_have_its_settings(backbone_name: str) -> None:
    variants = load_recipe(Path(f"suites/paper/train-{backbone_name}.yaml"))
    assert [variant.label for variant in variants] == [f"{backbone_name}[seed={seed}]" for seed in range(5)]
    settings = variants[0].settings
    assert (settings.steps, settings.batch_size, settings.length, settings.warm_up) == (150_000, 128, 256, 6_000)
    assert (settings.learning_rate, settings.weight_decay, settings.loss) == (2e-5, 0.01, "nll")
    assert (settings.lambda_q, settings.lambda_d, settings.lambda_steps) == (3e-4, 1e-4, 50_000)
    assert settings.data.limit == settings.steps * settings.batch_size


def test_the_study_has_five_seeds_a_condition() -> None:
    vocabulary = load_recipe(Path("suites/study/train-h1.yaml"), environ=DATA)
    strength = load_recipe(Path("suites/study/train-h2.yaml"), environ=DATA)
    assert [each.settings.vocabulary for each in vocabulary] == [2000] * 5 + [8000] * 5 + ["all"] * 5
    assert [each.settings.lambda_factor for each in strength] == [f for f in (0.1, 0.3, 1, 3, 10) for _ in range(5)]
    assert {each.settings.seed for each in (*vocabulary, *strength)} == set(range(5))


@pytest.mark.parametrize("path", ["suites/paper/paper-backbones.yaml", "suites/paper/paper-factors.yaml"])
def test_every_checkpoint_of_a_suite_of_the_paper_is_a_training_of_its_recipe(path: str) -> None:
    suite = load_suite(path, Registry.discover())
    assert len(suite.collections) == 13
    assert [each.name for each in suite.collections if each.drop_own_id] == ["arguana", "quora"]
    for model in suite.models:
        if model.name == "splade":
            recipe, _, label = model.params["checkpoint"].removeprefix(RECIPE).partition("#")
            assert label in {variant.label for variant in load_recipe(Path(recipe))}


def test_a_recipe_stands_for_all_its_trainings_or_those_that_match() -> None:
    suite = load_suite("suites/paper/paper-backbones.yaml", Registry.discover())
    labels = [model.label for model in suite.models]
    assert labels == ["bm25", *(f"{name}[seed={seed}]" for name in BACKBONES for seed in range(5))]
    one = 'models=[{name: splade, checkpoint: "recipe:suites/paper/train-pooling.yaml#*pooling=cls,*"}]'
    suite = load_suite("suites/paper/paper-backbones.yaml", Registry.discover(), overrides=[one, "baseline={}"])
    assert [model.label for model in suite.models] == [f"pooling[pooling=cls,seed={seed}]" for seed in range(5)]
    assert suite.models[0].params["checkpoint"] == "recipe:suites/paper/train-pooling.yaml#pooling[pooling=cls,seed=0]"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("checkpoint: 'recipe:suites/paper/train-pooling.yaml#*max*'", "no training matches"),
        ("checkpoint: 'recipe:nosuch.yaml#*'", "nosuch.yaml"),
        (
            "checkpoint: 'recipe:suites/paper/train-pooling.yaml#*', label: mine",
            "every model has a label of its own",
        ),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_told_with_its_place(model: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message) as caught:
        load_suite("suites/paper/paper-backbones.yaml", Registry.discover(), [f"models=[{{name: splade, {model}}}]"])
    assert "--set models" in str(caught.value)


@pytest.mark.parametrize("name", ["vocabulary", "lambda", "removal", "definitions"])
def test_every_suite_of_the_study_reads_and_has_no_condition_twice(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARSEBENCH_DATA", "/data")
    suite = load_suite(f"suites/study/study-{name}.yaml", Registry.discover())
    settings = [
        variant.settings.model_dump(exclude={"name", "label"})
        for model in suite.models
        if model.name == "splade"
        for path, _, label in [model.params["checkpoint"].removeprefix(RECIPE).partition("#")]
        for variant in load_recipe(Path(path))
        if variant.label == label
    ]
    assert len(settings) == {"vocabulary": 15, "lambda": 25, "removal": 35, "definitions": 35}[name]
    assert all(first != second for at, first in enumerate(settings) for second in settings[:at])


def test_the_papers_recipe_and_suite_run_end_to_end_with_tiny_stand_ins(
    backbone: Path, triples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sentence_transformers", "datasets", "accelerate"):
        pytest.importorskip(module, reason="the extra [train] is not installed")
    from sparsebench.cli.run import command as run

    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    collection = write_collection(tmp_path / "fruit")
    stand_in = tmp_path / "stand_in.yaml"
    stand_in.write_text(f"""include: {Path("suites/paper").resolve() / "train-distilbert.yaml"}
backbone: {backbone}
revision: null
data: {{triples: {triples}}}
steps: 20
batch_size: 4
length: 16
test_sets: null
""")
    model = f'{{name: splade, checkpoint: "recipe:{stand_in}#distilbert[seed=0]", max_query_length: 16, ' + (
        "max_document_length: 16, engine: reference}"
    )
    inside = f"{{name: in, beir: {collection}, split: train, domain: in}}"
    outside = f"{{name: out, beir: {collection}, domain: out}}"
    overrides = [
        f"collections=[{inside}, {outside}]",
        f"models=[bm25, {model}]",
    ]
    arguments = ["suites/paper/paper-backbones.yaml", "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    found = CliRunner().invoke(
        run, [*arguments, *(part for each in overrides for part in ("--set", each))], standalone_mode=False
    )
    assert found.return_value == Exit.OK, found.output
    records = [json.loads(path.read_text()) for path in (tmp_path / "runs").rglob("record.json")]
    assert sorted((record["cell"]["model"]["label"], record["cell"]["collection"]["label"]) for record in records) == [
        ("bm25", "in"),
        ("bm25", "out"),
        ("splade", "in"),
        ("splade", "out"),
    ]
