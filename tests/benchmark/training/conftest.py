"""A tiny random BERT and files to train it on."""

from __future__ import annotations

from pathlib import Path

import pytest

WORDS = ["apple", "pear", "plum", "fruit", "stone", "tree", "red", "green", "sweet", "sour", "old", "young"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
V = len(SPECIAL) + len(WORDS)


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole masked language model: one layer, 16 wide, 17 entries, with dropout."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("backbone")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=V,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join([*SPECIAL, *WORDS]))
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture
def triples(tmp_path: Path) -> Path:
    """Twelve triples: a word, two words with it, two words without."""
    rows = []
    for i, word in enumerate(WORDS):
        near, far = WORDS[(i + 1) % len(WORDS)], WORDS[(i + 5) % len(WORDS)]
        rows.append(f"{word}\t{word} {near}\t{far} {WORDS[(i + 6) % len(WORDS)]}\n")
    path = tmp_path / "triples.tsv"
    path.write_text("".join(rows))
    return path


@pytest.fixture
def recipe(tmp_path: Path, backbone: Path, triples: Path) -> Path:
    """Eight steps on the triples."""
    return write_recipe(tmp_path / "recipe.yaml", backbone, f"data: {{triples: {triples.name}}}\nloss: nll")


def write_recipe(path: Path, backbone: Path, more: str) -> Path:
    """A recipe of a few small steps; `more` is more YAML."""
    path.write_text(f"""name: toy
backbone: {backbone}
lambda_q: 1e-3
lambda_d: 1e-3
lambda_steps: 4
steps: 8
batch_size: 4
learning_rate: 1e-3
warm_up: 2
length: 16
{more}
""")
    return path
