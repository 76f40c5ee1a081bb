"""The table of known checkpoints: facts with their sources, and what plan and records make of them."""

from __future__ import annotations

import shutil

import pytest

from sparsebench.checkpoints import as_authors_ran_it, known_checkpoint
from sparsebench.checkpoints.known import checkpoints, families, is_zero_shot
from sparsebench.errors import ModelError
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade_doc import SpladeDoc

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCED = ("commit", "activation", "lengths", "prune", "document_prune_ratio", "partner", "trained_on", "parameters")


@pytest.mark.parametrize("facts", checkpoints(), ids=lambda facts: facts.repository)
def test_what_a_file_of_weights_does_not_say_has_a_source(facts):
    told = {name for name in SOURCED if getattr(facts, name) not in (None, {})}
    told |= {"queries"} if facts.queries != "model" else set()
    unsourced = told - set(facts.sources) - ({"activation"} if facts.activation == "relu" else set())
    assert not unsourced


def test_repositories_are_named_once_and_belong_to_a_family():
    names = [facts.repository for facts in checkpoints()]
    assert len(set(names)) == len(names)
    assert {facts.family for facts in checkpoints()} <= {family.id for family in families()}


def test_a_folder_of_a_repository_is_known_by_the_repository():
    assert known_checkpoint("naver/splade-v3/some/folder") is known_checkpoint("Naver/SPLADE-v3")
    assert known_checkpoint("nobody/knows") is None


USE = {
    "queries": "model",
    "lengths": {"query": 256, "document": 256},
    "prune": {"query": None, "document": None},
    "prune_ratio": {"query": None, "document": None},
    "altered": [],
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"lengths": {"query": 256, "document": 512}}, ["documents are cut at 512 tokens, not 256"]),
        ({"queries": "binary"}, ["queries are their own tokens, 1 each, not expanded by the model"]),
        ({"altered": ["output_vocabulary"]}, ["output_vocabulary is set"]),
        (
            {"prune_ratio": {"query": None, "document": 0.1}},
            ["documents are pruned at 0.1 of their largest entry, not at all"],
        ),
    ],
)
def test_a_use_is_held_against_that_of_its_authors(changed, said):
    assert as_authors_ran_it(known_checkpoint("naver/splade-v3"), {**USE, **changed}) == said


def test_pruning_that_authors_do_and_a_suite_does_not_is_said():
    because = as_authors_ran_it(known_checkpoint("ibm-granite/granite-embedding-30m-sparse"), USE)
    assert because == ["queries keep all entries, not 50", "documents keep all entries, not 192"]


@pytest.mark.parametrize(
    ("trained_on", "collection", "label", "zero_shot"),
    [
        (None, "beir/nq", "nq", None),
        (("msmarco-passage",), "beir/nq", "nq", True),
        (("msmarco-passage",), "msmarco-passage/trec-dl-2019/judged", "dl19", False),
        (("msmarco-passage",), "msmarco-passage", "ms", False),
        (("msmarco-passage",), "beir/msmarco/dev", "ms", False),
        (("msmarco-passage",), "msmarco-passagework", "other", True),
        (("beir/nq",), "nano-beir/nq", "nano", False),
        (("mine",), None, "mine", False),
        ((), "beir/nq", "nq", True),
    ],
)
def test_zero_shot_is_a_fact_of_a_model_on_a_collection(trained_on, collection, label, zero_shot):
    assert is_zero_shot(trained_on, collection, label) is zero_shot


@pytest.fixture
def on_hub(tiny_splade_dir, tmp_path, monkeypatch):
    """Put the tiny SPLADE into the hub's cache, under the name of a known repository."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    def place(repository):
        folder = tmp_path / f"models--{repository.replace('/', '--')}" / "snapshots" / COMMIT
        return shutil.copytree(tiny_splade_dir, folder)

    return place


def test_a_doc_only_checkpoint_is_an_error_as_a_symmetric_one(on_hub):
    """Nothing in its files says so, and its table would be plausible."""
    on_hub("naver/splade-v3-doc")
    with pytest.raises(ModelError, match=r"its queries pass through no model; the model `splade_doc` evaluates it"):
        Splade(checkpoint="naver/splade-v3-doc", revision=COMMIT).identity("document")
    assert SpladeDoc(checkpoint="naver/splade-v3-doc", revision=COMMIT).about()["as_authors"]["answer"] == "yes"


def test_a_lexical_checkpoint_is_an_error_where_queries_expand(on_hub):
    on_hub("naver/splade-v3-lexical")
    with pytest.raises(ModelError, match=r"queries keep their own tokens; `expand_queries: false`"):
        Splade(checkpoint="naver/splade-v3-lexical", revision=COMMIT).identity("query")
    splade = Splade(checkpoint="naver/splade-v3-lexical", revision=COMMIT, expand_queries=False)
    assert splade.about()["as_authors"] == {"answer": "yes", "because": []}


def test_a_plain_inference_free_checkpoint_takes_its_activation_from_the_table(on_hub):
    name = "opensearch-project/opensearch-neural-sparse-encoding-doc-v3-distill"
    folder = on_hub(name)
    (folder / "idf.json").write_text('{"cat": 2.5}')
    model = SpladeDoc(checkpoint=name, revision=COMMIT, max_query_length=512, max_document_length=512)
    assert model.identity("document")["activation"] == "log1p_relu"
    assert model.about()["as_authors"] == {"answer": "yes", "because": []}
    assert "beir/nq" in model.about()["trained_on"]


def test_what_is_not_as_its_authors_ran_it_says_why(on_hub):
    on_hub("naver/splade-v3")
    splade = Splade(checkpoint="naver/splade-v3", revision=COMMIT, max_document_length=128, query_prune=9)
    assert splade.about()["as_authors"] == {
        "answer": "no",
        "because": ["documents are cut at 128 tokens, not 256", "queries keep 9 entries, not all"],
    }
