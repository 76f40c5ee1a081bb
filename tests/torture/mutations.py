"""Seeded mutations of what every reader reads: an error with the file, or a result; no traceback, no hang."""

from __future__ import annotations

import io
import json
import random
import signal
import traceback
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import numpy as np

from torture.subject import Subject, fresh

EACH = 1000
"""Mutations of a round."""
MOST_SECONDS = 10

Read = Callable[[Path], object]


class Hang(BaseException):
    """A reader took too long."""


def mutate(original: Subject, place: Path, number: int, chance: random.Random) -> Mapping[str, object]:
    """A thousand files, spread over the readers."""
    subject = fresh(original, place)
    readers = _readers(subject)
    counts = {"traceback": 0, "hang": 0}
    notes: dict[str, str] = {}
    for turn in range(EACH):
        name = list(readers)[turn % len(readers)]
        seed, read, target = readers[name]
        data = _mutated(seed, chance)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        kind, note = _tried(read, target)
        if kind:
            counts[kind] += 1
            notes.setdefault(f"{name}: {note}", repr(data[:200]))
        target.parent.mkdir(parents=True, exist_ok=True)  # what is damaged may have been set aside with its folder
        target.write_bytes(seed)  # others may read it
    bad = sum(counts.values())
    note = " || ".join(f"{where}: {data}" for where, data in notes.items())
    return {"injected": EACH, "survived": EACH - bad, **counts, "note": note}


def _tried(read: Read, path: Path) -> tuple[str, str]:
    """("", "") where it was read or refused as it should."""
    from sparsebench.errors import SparsebenchError

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(MOST_SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(path)
    except SparsebenchError as error:
        if path.stem not in str(error) and path.parent.name not in str(error):
            return "traceback", f"its message names no file: {str(error)[:200]}"
    except Hang:
        return "hang", "took too long"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "traceback", f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return "", ""


_NUMBERS = (
    b"0",
    b"-1",
    b"1e999",
    b"nan",
    b"9" * 30,
    b"2147483648",
    b"0x1",
    b"1_0",
    "\u0663".encode(),
    b"null",
    b"true",
)
_PIECES = (
    b"\0",
    b"\xff",
    b"\n",
    b"\r",
    b"\t",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b":",
    b",",
)
_LONG = (b"[" * 2000, b"a" * 5000, b"{'a':" * 50, b"\\ud800", b"&a *a", b"<<: ", b"!!int ", b"- " * 100)


def _mutated(seed: bytes, chance: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        way = chance.randrange(8)
        if way == 0 and data:
            data[at % len(data)] = chance.randrange(256)
        elif way == 1:
            del data[at:]
        elif way == 2:
            del data[at : at + chance.randrange(1, 20)]
        elif way == 3:
            data[at:at] = chance.choice(_PIECES) * chance.choice((1, 1, 2, 50))
        elif way == 4:
            data[at:at] = chance.choice(_NUMBERS)
        elif way == 5:
            data[at:at] = chance.choice(_LONG)
        elif way == 6:
            start = chance.randrange(len(data) + 1)
            data[at:at] = data[start : start + chance.randrange(1, 60)]
        else:
            digits = [place for place, byte in enumerate(data) if 48 <= byte <= 57]
            if digits:
                data[chance.choice(digits)] = chance.choice(b"0123456789-.eE")
    return bytes(data)


def _readers(subject: Subject) -> dict[str, tuple[bytes, Read, Path]]:
    """Name -> what is whole, what reads it, and where it must lie."""
    from sparsebench.collection.entries import from_json, from_tsv, parse_queries
    from sparsebench.collection.qrels import read_qrels
    from sparsebench.config.include import read_with_includes
    from sparsebench.config.mistakes import Mistakes
    from sparsebench.evaluate.first_ranks import read_first_ranks
    from sparsebench.leaderboard.published import published_report
    from sparsebench.leaderboard.report import read_report
    from sparsebench.rank import read_trec
    from sparsebench.records import Index, read_record
    from sparsebench.records.evidence import RunsEvidence
    from sparsebench.records.noise import read_noise
    from sparsebench.registry import discover
    from sparsebench.store import Store
    from sparsebench.suite import load_suite
    from sparsebench.training.recipe import load_recipe

    base, runs, boards = subject.base, subject.runs / "torture", subject.leaderboards
    registry = discover([str(base / "toy.py")])
    cells = sorted(path.parent for path in runs.glob("*/record.json"))
    record = (cells[0] / "record.json").read_bytes()
    per_query = (cells[0] / "per_query.csv").read_bytes()
    of_cell = read_record(cells[0] / "record.json", remedy="")
    unchecked = of_cell.model_copy(update={"files": {}})
    artefact = min(subject.store.glob("*/*/*.npy"))
    recipe = b"name: r\nbackbone: x\nloss: nll\ndata: {triples: t.tsv}\ngrid: {seed: [0, 1], lambda_q: [0.1, 0.2]}\n"
    kind, key = artefact.parent.parent.name, artefact.parent.name
    manifest = artefact.parent / "manifest.json"

    def suite(path: Path) -> object:
        return load_suite(path, registry, environ={"HOME": "/x"})

    def sealed_again(path: Path) -> Path:
        """With a fitting checksum, so that what lies behind it is tried too."""
        from sparsebench.records.sealed import sealed

        try:
            content = json.loads(path.read_bytes())
            content.pop("checksum", None)
            path.write_text(json.dumps(sealed(content)))
        except (ValueError, AttributeError, TypeError, RecursionError):
            pass
        return path

    def published(path: Path) -> object:
        return published_report(boards, "torture").render("md")

    def report(path: Path) -> object:
        return read_report(runs).render("md")

    found: dict[str, tuple[bytes, Read, Path]] = {
        "suite": ((base / "suite.yaml").read_bytes(), suite, base / "m.yaml"),
        "include": (
            b"include: suite.yaml\nname: m\n",
            lambda p: read_with_includes(p, {}, Mistakes()),
            base / "m.yaml",
        ),
        "recipe": (recipe, lambda p: load_recipe(p, environ={}), base / "m.yaml"),
        "jsonl": (
            (base / "web/corpus.jsonl").read_bytes()[:400],
            lambda p: parse_queries(p, from_json),
            base / "m.jsonl",
        ),
        "tsv": (b"q1\tapple pear\nq2\tplum\n", lambda p: parse_queries(p, from_tsv), base / "m.tsv"),
        "qrels": (
            b"q1 0 d1 1\nq1 0 d2 0\nq2 0 d1 2\n",
            lambda p: read_qrels(p, query_ids={"q1", "q2"}),
            base / "m.txt",
        ),
        "run": (b"q1 Q0 d1 1 0.5 t\nq1 Q0 d2 2 0.25 t\n", read_trec, base / "m.trec"),
        "record": (record, lambda p: read_record(p, remedy=""), base / "record.json"),
        "sealed record": (record, lambda p: read_record(sealed_again(p), remedy=""), base / "record.json"),
        "per_query": (per_query, lambda p: RunsEvidence([runs]).per_query(unchecked), cells[0] / "per_query.csv"),
        "first_ranks": (b"query_id,first_rank\nq1,3\nq2,1\n", lambda p: _valued(read_first_ranks, p), base / "m.csv"),
        "index": (
            (runs / "index.json").read_bytes(),
            lambda p: Index.read(sealed_again(p).parent),
            base / "index.json",
        ),
        "noise": (b'{"groups": []}', lambda p: read_noise([sealed_again(p).parent]), base / "noise.json"),
        "report": ((runs / "index.json").read_bytes(), lambda p: report(sealed_again(p)), runs / "index.json"),
        "published records": (
            (boards / "torture/records.jsonl").read_bytes(),
            published,
            boards / "torture/records.jsonl",
        ),
        "published values": (
            (boards / "torture/per_query.csv.gz").read_bytes(),
            published,
            boards / "torture/per_query.csv.gz",
        ),
        "manifest": (manifest.read_bytes(), lambda p: Store(subject.store).find(kind, key), manifest),
    }
    return found | _arrays(base)


def _arrays(base: Path) -> dict[str, tuple[bytes, Read, Path]]:
    from safetensors.numpy import save

    from sparsebench.media.features import FeatureFile
    from sparsebench_plugins.models.score_matrix.arrays import read_array

    array, frames, named, one = np.ones((2, 3), dtype=np.float32), io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(frames, frames=np.ones((2, 3, 4), dtype=np.float32), mask=np.ones((2, 3), dtype=bool), ids=["a", "b"])
    np.savez(named, scores=array)
    np.save(one, array)
    return {
        "npy": (one.getvalue(), read_array, base / "m.npy"),
        "npz": (named.getvalue(), read_array, base / "m.npz"),
        "safetensors": (save({"scores": array}), read_array, base / "m.safetensors"),
        "frames": (frames.getvalue(), FeatureFile.open, base / "f.npz"),
    }


def _valued(read: Callable[[str], object], path: Path) -> object:
    """A reader of text, whose ValueError its caller turns into damage."""
    try:
        return read(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
