"""Plugins that break every rule there is; the cells of others must not notice."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping
from pathlib import Path

from torture.outcomes import judged
from torture.subject import Subject, fresh

_BAD_ROWS = {
    "nan": "rows.data[:] = float('nan')",
    "inf": "rows.data[:] = float('inf')",
    "negative": "rows.data[:] = -1",
    "stored zeros": "rows.data[:] = 0",
    "index below 0": "rows.indices[:1] = -3",
    "index beyond V": "rows.indices[:1] = 99",
    "broken indptr": "rows.indptr[1:] = rows.indptr[-1] + 5",
    "too few rows": "rows = rows[:-1]",
    "dense": "rows = rows.toarray()",
    "csc": "rows = rows.tocsc()",
    "coo": "rows = rows.tocoo()",
    "integers": "rows = rows.astype('int64')",
    "none": "rows = None",
    "another V for queries": "rows = csr_array((rows.data, rows.indices, rows.indptr), "
    "shape=(rows.shape[0], 7 * (role == 'query') + 22))",
    "a duplicate column": "rows = csr_array(([1., 1.], [0, 0], [0, 2] + [2] * (rows.shape[0] - 1)), shape=rows.shape)",
}
_ENDS = {
    "an error": "raise ValueError('no')",
    "an error that has no text": "class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad",
    "MemoryError": "raise MemoryError",
    "RecursionError": "def f(): return f()\nf()",
    "sys.exit(0)": "import sys; sys.exit(0)",
    "os._exit(0)": "import os; os._exit(0)",
    "os._exit(3)": "import os; os._exit(3)",
    "SIGSEGV": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "SIGKILL": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "a hang": "import time; time.sleep(10**6)",
    "a lone surrogate in its error": "raise ValueError('\\ud800')",
    "terminal escapes in its error": "raise ValueError('\\x1b]0;x\\x07')",
    "an error of 10 MB": "raise ValueError('x' * 10**7)",
    "a StopIteration": "raise StopIteration",
    "a KeyboardInterrupt": "raise KeyboardInterrupt",
}
_BAD_VALUES = {
    "float32": "return Analysis({'a': np.float32(1)})",
    "NaN": "return Analysis({'a': float('nan')})",
    "bytes": "return Analysis({'a': b'x'})",
    "an object": "return Analysis({'a': object()})",
    "a lone surrogate": "return Analysis({'a': '\\ud800'})",
    "itself": "a = []; a.append(a); return Analysis({'a': a})",
    "a file elsewhere": "return Analysis({}, {'../../../x.svg': 'x'})",
    "a file at the root": "return Analysis({}, {'/tmp/torture-was-here.svg': 'x'})",
    "a file of bytes": "return Analysis({}, {'a.svg': b'x'})",
    "a very long name": "return Analysis({}, {'n' * 400: 'x'})",
    "no Analysis": "return 5",
    "None": "return None",
    "10^5 levels": "a = []\nfor _ in range(10**5): a = [a]\nreturn Analysis({'a': a})",
    "writes to what it is given": "{write}; return Analysis({{}})",
}
_WRITES = {
    "group": "context.document_vectors.data[:] = 1",
    "cell": "context.qrels.clear()",
    "suite": "context.records[0].measures['nDCG@10'] = 1.0",
}
_BAD_BLOCKS = {
    "writes to the scores": "block.scores.mul_(-1); return block.scores",
    "one row": "return block.scores[:1]",
    "bool": "return block.scores > 0",
    "all inf": "return block.scores + float('inf')",
    "NaN": "return block.scores * float('nan')",
    "another width": "return block.scores[:, :-1]",
    "None": "return None",
    "numpy": "return block.scores.numpy()",
    "random": "import torch; return torch.rand_like(block.scores)",
}


def _modes() -> list[tuple[str, str, str]]:
    """(kind, what it does, code)."""
    found = [("model encode", name, code) for name, code in (_BAD_ROWS | _ENDS).items()]
    found += [("model load", name, code) for name, code in _ENDS.items()]
    found += [("model identity", name, code) for name, code in _ENDS.items()]
    found += [("model identity", "NaN", "return {'a': float('nan')}"), ("model identity", "no mapping", "return 5")]
    found += [("postprocessor", name, code) for name, code in (_BAD_BLOCKS | _ENDS).items()]
    for level, write in _WRITES.items():
        values = {
            name: code.format(write=write) if "{write}" in code else code
            for name, code in (_BAD_VALUES | _ENDS).items()
        }
        found += [(f"{level} analyzer", name, code) for name, code in values.items()]
    return found


MODES = _modes()

_PLUGIN = """\
import numpy as np
from scipy.sparse import csr_array
from sparsebench import *
from sparsebench import hookimpl
import toy

class Loaded(toy.Loaded):
    def encode(self, texts, role):
        rows = super().encode(texts, role).vectors
{encode}
        return Encoded(rows)

class Model(toy.Model):
    def identity(self, role):
{identity}
        return {{"bad": 1}}
    def load(self, device):
{load}
        return Loaded()

class Post(Postprocessor):
    sees = "query"
    def fit(self, blocks, context):
        return {{}}
    def apply(self, block, state, row_stats):
{post}
        return block.scores

class Group(GroupAnalyzer):
    def analyze(self, context):
{group}
        return Analysis({{}})

class Cell(CellAnalyzer):
    def analyze(self, context):
{cell}
        return Analysis({{}})

class Whole(SuiteAnalyzer):
    def analyze(self, context):
{suite}
        return Analysis({{}})

@hookimpl
def register_models():
    return [ModelPlugin("bad_model", Model, "bad")]

@hookimpl
def register_postprocessors():
    return [PostprocessorPlugin("bad_post", Post, "bad")]

@hookimpl
def register_analyzers():
    found = (("bad_group", Group), ("bad_cell", Cell), ("bad_suite", Whole))
    return [AnalyzerPlugin(name, kind, "bad") for name, kind in found]
"""
_SLOTS = {
    "model encode": "encode",
    "model load": "load",
    "model identity": "identity",
    "postprocessor": "post",
    "group analyzer": "group",
    "cell analyzer": "cell",
    "suite analyzer": "suite",
}


def misbehave(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """Beside the good ones, one that does not behave; then the suite without it."""
    # The modes of one kind stand beside each other; a short campaign takes some of each.
    kind, name, code = MODES[(number * 37) % len(MODES)]
    subject = fresh(original, place)
    _write(subject, kind, code)
    limit = ("--plugin-timeout", "20") if name == "a hang" else ()
    first = subject.command(*subject.run_words(True, *limit, "-p", "bad.py", suite="bad.yaml"), real=True)
    spoiled = _spoiled(subject)
    shutil.rmtree(subject.runs / "bad", ignore_errors=True)
    last = subject.run()
    silent = first.code == 0 and name in _ENDS and not first.text.strip()
    same = subject.same("runs") and not spoiled and not silent and not Path("/tmp/torture-was-here.svg").exists()
    note = f"{kind}: {name}; spoiled: {spoiled}"
    return judged([first, last], ok=last.code == 0 and first.code in (0, 1, 2, 4), same=same, note=note)


def _write(subject: Subject, kind: str, code: str) -> None:
    filled = dict.fromkeys(_SLOTS.values(), "        pass")
    filled[_SLOTS[kind]] = "\n".join(f"        {line}" for line in code.splitlines())
    (subject.base / "bad.py").write_text(_PLUGIN.format(**filled))
    suite = (subject.base / "suite.yaml").read_text()
    added = {"model": "models: [bm25, ", "postprocessor": "postprocessors: [none, ", "analyzer": "analyzers: ["}
    names = {"model": "bad_model", "postprocessor": "bad_post"}
    key = next(each for each in added if each in kind)
    name = names.get(key) or f"bad_{kind.split()[0]}"
    suite = suite.replace(added[key], f"{added[key]}{name}, ").replace("name: torture", "name: bad")
    (subject.base / "bad.yaml").write_text(suite)


def _spoiled(subject: Subject) -> list[str]:
    """Cells of others that have another figure than they should, or none."""
    wanted = {_cell(content): content["measures"] for content in _records(subject.runs / "torture")}
    found = {_cell(content): content["measures"] for content in _records(subject.runs / "bad")}
    if not found:
        return []  # the suite was refused as a whole, with its reason: judged by the exit code
    return sorted(name for name in wanted if found.get(name) != wanted[name])


def _records(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*/record.json"))]


def _cell(record: Mapping[str, object]) -> str:
    cell = record["cell"]
    assert isinstance(cell, dict)
    return "/".join(cell[part]["label"] for part in ("collection", "model", "postprocessor"))
