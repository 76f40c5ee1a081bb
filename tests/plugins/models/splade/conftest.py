"""Checkpoints made on the spot: random weights large enough that logits differ, and a tokenizer of a few words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)  # tests run beside each other, and threads that wait for each other cost minutes

WORDS = ["the", "cat", "sat", "on", "a", "mat", "dog", "##s", "##ing", "run", "far", "away", "Paris", "."]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]"]

SMALL = {"vocab_size": len(SPECIAL + WORDS), "initializer_range": 0.3, "pad_token_id": 0}
BERT_LIKE = {
    **SMALL,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 260,
}
CONFIGS = {
    "bert": BERT_LIKE,
    "bert-untied": {**BERT_LIKE, "tie_word_embeddings": False},
    "roberta": {**BERT_LIKE, "pad_token_id": 1},
    "xlm-roberta": BERT_LIKE,
    "electra": {**BERT_LIKE, "embedding_size": 8},
    "distilbert": {
        **SMALL,
        "dim": 16,
        "n_layers": 2,
        "n_heads": 2,
        "hidden_dim": 24,
        "max_position_embeddings": 260,
    },
    "modernbert": {
        **BERT_LIKE,
        "global_attn_every_n_layers": 2,
        "local_attention": 8,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "cls_token_id": 2,
        "sep_token_id": 3,
    },
    "modernbert-no-bias": {
        **BERT_LIKE,
        "decoder_bias": False,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "cls_token_id": 2,
        "sep_token_id": 3,
    },
}


def make_model(name: str):
    """A random masked language model of one architecture, biases included, the same at every call."""
    from transformers import AutoConfig, AutoModelForMaskedLM

    model_type = name.removesuffix("-untied").removesuffix("-no-bias")
    torch.manual_seed(7)
    model = AutoModelForMaskedLM.from_config(AutoConfig.for_model(model_type, **CONFIGS[name])).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def make_tokenizer(words: list[str] = WORDS):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {token: i for i, token in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.decoder = decoders.WordPiece()
    names = {f"{token[1:-1].lower()}_token": token for token in SPECIAL[:5]}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=260, **names)


@pytest.fixture(scope="session")
def make_checkpoint(tmp_path_factory):
    """Architecture -> folder of a random checkpoint; a copy of its own at each call, so that a test may change it."""
    made: dict[str, Path] = {}

    def make(name: str = "bert") -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(f"{name}-original")
            make_model(name).save_pretrained(made[name])
            make_tokenizer().save_pretrained(made[name])
        return Path(shutil.copytree(made[name], tmp_path_factory.mktemp(name), dirs_exist_ok=True))

    return make
