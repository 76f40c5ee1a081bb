"""Checkpoints that lie, that are broken, and that would like to run code."""

from __future__ import annotations

import importlib.util
import json
import pickle
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torture.outcomes import judged
from torture.subject import Subject, fresh

MARK = "ran.txt"
"""What code of a checkpoint would write into the working directory."""
EVIL = f"open({MARK!r}, 'w').write('code ran')\n"


class _Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (EVIL,)


Break = Callable[[Path], None]


def _config(**changes: object) -> Break:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
        (folder / "evil.py").write_text(EVIL)

    return change


def _tokenizer(**changes: object) -> Break:
    def change(folder: Path) -> None:
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps({**(json.loads(path.read_text()) if path.is_file() else {}), **changes}))
        (folder / "evil.py").write_text(EVIL)

    return change


def _text(name: str, text: str) -> Break:
    return lambda folder: (folder / name).write_text(text) and None


def _weights(change: Callable[[bytes], bytes]) -> Break:
    def changed(folder: Path) -> None:
        path = folder / "model.safetensors"
        path.write_bytes(change(path.read_bytes()))

    return changed


def _pickled(name: str) -> Break:
    def pickled(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / name).write_bytes(pickle.dumps(_Runs()))

    return pickled


def _modules(folder: Path) -> None:
    modules = [{"idx": 0, "name": "0", "path": "../../..", "type": "evil.Evil"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "evil.py").write_text(EVIL)


KINDS: dict[str, Break] = {
    "attn_implementation names a kernel": _config(attn_implementation="evil/kernel"),
    "_attn_implementation names a kernel": _config(_attn_implementation="kernels-community/flash-attn3"),
    "attn_implementation of a part": _config(text_config={"attn_implementation": "evil/kernel"}),
    "experts_implementation names a kernel": _config(experts_implementation="evil/kernel"),
    "hub kernels in a quantization": _config(quantization_config={"quant_method": "evil/kernel"}),
    "auto_map of the model": _config(auto_map={"AutoModelForMaskedLM": "evil.Evil", "AutoConfig": "evil.Evil"}),
    "auto_map of the tokenizer": _tokenizer(auto_map={"AutoTokenizer": ["evil.Evil", "evil.Evil"]}),
    "custom_pipelines": _config(custom_pipelines={"x": {"impl": "evil.Evil"}}),
    "an unknown model_type": _config(model_type="evil"),
    "a tokenizer class that is none": _tokenizer(tokenizer_class="os.system"),
    "pickled weights": _pickled("pytorch_model.bin"),
    "pickled weights of another name": _pickled("model.bin"),
    "modules.json of its own": _modules,
    "config.json is a list": _text("config.json", "[]"),
    "config.json is empty": _text("config.json", ""),
    "config.json is deep": _text("config.json", "[" * 100_000),
    "config.json is a number": _text("config.json", "5"),
    "config.json is not UTF-8": lambda folder: (folder / "config.json").write_bytes(b"\xff{}") and None,
    "tokenizer.json is empty": _text("tokenizer.json", ""),
    "tokenizer.json is deep": _text("tokenizer.json", "[" * 100_000),
    "an index without weight_map": _text("model.safetensors.index.json", "{}"),
    "an index that leads elsewhere": _text(
        "model.safetensors.index.json", json.dumps({"weight_map": {"a": "../../../etc/passwd"}})
    ),
    "an index that is a list": _text("model.safetensors.index.json", "[]"),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "truncated weights": _weights(lambda data: data[: len(data) // 2]),
    "empty weights": _weights(lambda data: b""),
    "a header that lies about its length": _weights(lambda data: b"\xff" * 8 + data[8:]),
    "a header that is not JSON": _weights(lambda data: data[:8] + b"x" + data[9:]),
    "10^6 layers": _config(num_hidden_layers=10**6, n_layers=10**6),
    "a vocabulary of 10^12": _config(vocab_size=10**12),
    "a hidden size of 0": _config(hidden_size=0, dim=0),
    "negative layers": _config(num_hidden_layers=-1, n_layers=-1),
    "a text for a number": _config(num_hidden_layers="many", n_layers="many"),
    "an adapter that names a base": _text(
        "adapter_config.json",
        json.dumps({"base_model_name_or_path": "evil/base", "peft_type": "LORA", "auto_mapping": {}}),
    ),
    "_name_or_path of another": _config(_name_or_path="evil/other"),
}


def hostile(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """A model that is what a stranger made, beside bm25."""
    spec = importlib.util.find_spec("cognition")
    if spec is None or not spec.submodule_search_locations:
        return {
            "injected": 0,
            "survived": 0,
            "not_run": "no checkpoint to break: the extra [quickstart] is not installed",
        }
    name = list(KINDS)[(number * 6) % len(KINDS)]  # alike stand beside each other
    subject = fresh(original, place, results=False)
    folder = subject.base / "checkpoint"
    shutil.copytree(Path(spec.submodule_search_locations[0]) / "model", folder)
    KINDS[name](folder)
    suite = (subject.base / "suite.yaml").read_text().replace("name: torture", "name: hostile")
    suite = suite.replace("[bm25, words]", "[bm25, {name: splade, checkpoint: ./checkpoint}]")
    (subject.base / "hostile.yaml").write_text(suite)
    words = subject.run_words(False, "--offline", suite="hostile.yaml")
    running = subject.start(*words)
    first = running.wait(240)
    ran = (subject.base / MARK).exists()
    ok = first.code in (0, 1, 4)
    return judged([first], ok=ok, same=not ran, note=f"{name}; code ran: {ran}")
