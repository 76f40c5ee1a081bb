"""docs/checkpoints.md, made from the table of known checkpoints, the list of keys and the tests of each row.

`python tests/checkpoints_page.py > docs/checkpoints.md` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tabulate import tabulate

from sparsebench.checkpoints.known import checkpoints, families
from sparsebench_plugins.models.splade.declared import HELD, LISTS

FILES = {
    "splade": "tests/plugins/models/splade/test_splade.py",
    "known": "tests/benchmark/checkpoints/test_known.py",
    "declared": "tests/plugins/models/splade/test_declared.py",
    "splade_doc": "tests/plugins/models/test_splade_doc.py",
    "checkpoint": "tests/plugins/models/splade/test_checkpoint.py",
    "architecture": "tests/plugins/models/splade/test_architecture.py",
    "sparse_encoder": "tests/plugins/models/test_sparse_encoder.py",
    "stand_ins": "tests/plugins/models/splade/test_stand_ins.py",
    "sparse_vectors": "tests/plugins/models/test_sparse_vectors.py",
}
STAND_INS = {
    "naver-splade": ("splade", "test_the_tiny_splade_equals_sentence_transformers"),
    "naver-splade-doc": ("known", "test_a_doc_only_checkpoint_is_an_error_as_a_symmetric_one"),
    "naver-splade-lexical": ("known", "test_a_lexical_checkpoint_is_an_error_where_queries_expand"),
    "naver-efficient-splade": ("declared", "test_a_folder_gives_the_vectors_of_sentence_transformers_in_both_roles"),
    "opensearch-expanding": ("declared", "test_a_folder_gives_the_vectors_of_sentence_transformers_in_both_roles"),
    "opensearch-doc": ("declared", "test_a_router_whose_document_route_lies_in_the_root_is_read"),
    "opensearch-doc-v3": ("splade_doc", "test_a_router_without_query_inference_gives_its_own_vectors"),
    "opensearch-doc-v3-gte": ("checkpoint", "test_code_of_another_repository_runs_at_its_pinned_commit"),
    "opensearch-multilingual": ("splade", "test_a_share_of_the_largest_entry_prunes_before_a_number_does"),
    "granite-sparse": ("architecture", "test_a_checkpoint_in_bfloat16_is_computed_in_its_own_precision_on_request"),
    "community-splade": ("declared", "test_the_older_layout_is_read_as_well"),
    "modernbert-splade": ("architecture", "test_vectors_equal_those_of_the_plain_model"),
    "mean-pooling": ("stand_ins", "test_pooling_by_the_mean_in_code_of_its_own_is_refused_and_runs_behind_the_flag"),
    "prompted": ("declared", "test_what_is_honoured_changes_the_vectors_as_in_sentence_transformers"),
    "dual-view": ("sparse_encoder", "test_code_that_a_folder_brings_runs_behind_the_flag_alone"),
    "splade-code": ("stand_ins", "test_a_causal_body_that_code_makes_bidirectional_runs_behind_the_flag"),
    "splade-code-lora": ("stand_ins", "test_an_adapter_gives_its_vectors_in_both_ways_that_its_refusal_names"),
    "llm-lora": ("stand_ins", "test_an_adapter_over_a_causal_body_with_code_is_merged_and_loads"),
    "latent": ("stand_ins", "test_a_sparse_autoencoder_in_code_of_its_own_is_refused_and_runs_behind_the_flag"),
    "sparseup": ("sparse_encoder", "test_code_that_a_folder_brings_runs_behind_the_flag_alone"),
    "csr": ("sparse_encoder", "test_a_sparse_autoencoder_compared_by_cosine_has_vectors_of_length_one"),
    "pre-encoded": ("sparse_vectors", "test_every_form_gives_the_inner_products"),
    "bge-m3": ("sparse_vectors", "test_every_form_gives_the_inner_products"),
    "latent-llm": ("stand_ins", "test_vectors_of_an_autoencoder_that_somebody_else_made_score_alike"),
    "v-splade": (
        "stand_ins",
        "test_a_router_over_texts_and_images_is_refused_and_its_texts_go_through_the_general_door",
    ),
    "multimodal": ("stand_ins", "test_sparse_vectors_made_of_dense_ones_score_as_their_plain_loop"),
    "minicoil": ("stand_ins", "test_blocks_with_negative_values_are_refused_and_their_scores_are_evaluated"),
}
"""Family -> the test that holds a stand-in of its shape to its authors' code, or to the refusal and its way on."""

MEMORY = {105_879: 17.8, 151_936: 30.8, 250_002: 27.8, 280_524: 22.3}
"""Terms of a vocabulary -> MB by which the peak of memory grew, measured 2026-11-28 on two cores of a CPU by the
program of `tests/plugins/models/splade/test_vocabulary_sizes.py` (its slow sizes: `-m "slow or not slow" -s`)."""

HEAD = """\
# Checkpoints: what loads, and how

Equal to its authors' code within 1e-4, or refused with the line that makes it load; never a plausible wrong number.
Made from `sparsebench.checkpoints.known`, the list of keys that `splade` reads by, and the tests
(`python tests/checkpoints_page.py`). No hub was at hand where this was made: stand-ins of the same shape were tested.
"""


def page() -> str:
    """The page."""
    return "\n".join([HEAD, *_families(), *_checkpoints(), *_memory(), *_keys()]) + "\n"


def _families() -> Iterator[str]:
    rows = [(family.examples, family.shape, family.vectors, family.way, _tested(family.id)) for family in families()]
    yield "## Shapes\n"
    yield tabulate(rows, ("examples", "shape", "vectors", "what loads it", "tested"), tablefmt="github") + "\n"


def _tested(family: str) -> str:
    return f"`{STAND_INS[family][1]}`"


def _checkpoints() -> Iterator[str]:
    rows = [
        (
            f"`{facts.repository}`",
            f"`{facts.model}`",
            f"`{facts.commit[:12]}`" if facts.commit else "",
            facts.queries,
            " / ".join(map(str, facts.lengths)) if facts.lengths else "",
            "not known" if facts.trained_on is None else ", ".join(facts.trained_on),
            "; ".join(f"{name}: {source}" for name, source in facts.sources.items()),
        )
        for facts in checkpoints()
    ]
    head = ("repository", "model", "commit", "queries", "tokens of a query / a document", "trained on", "sources")
    yield "## Repositories\n"
    yield tabulate(rows, head, tablefmt="github", disable_numparse=True) + "\n"


def _memory() -> Iterator[str]:
    rows = [(f"{terms:,}", grown, f"{terms * 16 * 256 * 4 / 1e6:,.0f}") for terms, grown in MEMORY.items()]
    head = ("terms of the vocabulary", "growth of the peak, MB", "whole logits would be, MB")
    yield "## Memory of large vocabularies\n"
    yield (
        "Logits are pooled in blocks, so that the memory for a batch does not grow with the vocabulary. Measured\n"
        "2026-11-28 on two cores of a CPU (engine `reference`), with a small model of random weights for each size:\n"
        "16 texts of 256 tokens, growth of the process's peak after a warm-up text. The weights are not in it.\n"
        "A second run gave 18.0, 30.8, 3.0 and 22.7: what loading took at its peak hides what is below it.\n"
    )
    yield tabulate(rows, head, tablefmt="github", disable_numparse=True) + "\n"


def _keys() -> Iterator[str]:
    yield "## Keys of configuration files\n"
    yield "A key of sentence-transformers' files that is not here is refused.\n"
    for file, keys in {**LISTS, **HELD}.items():
        rows = [(f"`{name}`", key.treatment, key.words) for name, key in keys.items()]
        yield f"### {file}\n"
        yield tabulate(rows, ("key", "is", "because"), tablefmt="github") + "\n"


if __name__ == "__main__":
    print(page(), end="")
