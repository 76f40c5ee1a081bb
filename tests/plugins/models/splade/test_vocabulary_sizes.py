"""Vocabularies of any size: names of dimensions, ids beyond the tokenizer, and memory that does not grow with V."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SIZES = [*(pytest.param(size, marks=pytest.mark.slow) for size in (105_879, 151_936, 250_002)), 280_524]
PROGRAM = """
import json, resource, sys
from sparsebench_plugins.models.splade import Splade
model = Splade(checkpoint=sys.argv[1], batch_tokens=4096, max_document_length=256, engine="reference").load("cpu")
model.encode(["the cat"], "document")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
vectors = model.encode(["the cat sat on a mat " * 60] * 16, "document").vectors
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
name = model.vocabulary.token(vectors.shape[1] - 1)
print(json.dumps({"grown": (after - before) * 1024, "size": vectors.shape[1], "entries": vectors.nnz, "name": name}))
"""


@pytest.mark.parametrize("size", SIZES)
def test_a_large_vocabulary_encodes_in_less_than_a_quarter_of_its_logits(size, make_checkpoint):
    """16 texts of 256 tokens: whole logits would be 1.7 to 4.6 GB."""
    import torch
    from transformers import AutoConfig, AutoModelForMaskedLM

    folder = make_checkpoint()
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(AutoConfig.from_pretrained(folder, vocab_size=size))
    with torch.no_grad():
        model.cls.predictions.bias.fill_(-2.0)  # or half of the terms were active
    model.save_pretrained(folder)
    ended = subprocess.run([sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=True)
    found = json.loads(ended.stdout.splitlines()[-1])
    assert (found["size"], found["name"]) == (size, f"[no token {size - 1}]")
    assert found["entries"] > 0
    print(found)
    assert found["grown"] < size * 16 * 256 * 4 / 4


def test_a_dimension_beyond_the_tokenizer_is_special(make_checkpoint):
    """A decoder padded to a multiple of 64: its rows can be active, and are no words."""
    from transformers import AutoConfig, AutoModelForMaskedLM

    from sparsebench_plugins.models.splade import Splade

    folder = make_checkpoint()
    AutoModelForMaskedLM.from_config(AutoConfig.from_pretrained(folder, vocab_size=64)).save_pretrained(folder)
    vocabulary = Splade(checkpoint=str(folder)).load("cpu").vocabulary
    assert vocabulary.size == 64
    assert set(range(20, 64)) <= vocabulary.special_ids
