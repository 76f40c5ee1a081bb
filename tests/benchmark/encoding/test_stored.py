from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from sparsebench.collection.corpus import Corpus, scan
from sparsebench.contracts import LoadedEncoder, Vocabulary
from sparsebench.encoding import stored as encode
from sparsebench.encoding.stored import Encoder, encode_documents, encode_queries
from sparsebench.errors import SparsebenchError
from sparsebench.progress import Silent
from sparsebench.store import Store
from sparsebench.types import Document, Encoded, Json, Role

DOCUMENTS = [Document(f"d{i}", "x" * i) for i in range(10)]


class TwoDimensions(Vocabulary):
    size = 2

    def token(self, term_id: int) -> str:
        return ("length", "one")[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [[0, 1] for _ in texts]


class LengthEncoder(LoadedEncoder):
    """Two dimensions: the length of a text, and 1."""

    vocabulary = TwoDimensions()

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        self.encoded += texts
        vectors = csr_array(np.array([[len(text), 1] for text in texts], dtype=np.float32))
        return Encoded(vectors, truncated=sum(len(text) > 8 for text in texts))

    def provenance(self) -> dict[str, Json]:
        return {"path": "counting"}


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "SHARD_DOCUMENTS", 4)


@pytest.fixture
def corpus() -> Corpus:
    return scan(DOCUMENTS)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def encoder(loaded: LengthEncoder, **identity: object) -> Encoder:
    return Encoder({"model": "length", **identity}, "document", lambda: loaded)  # type: ignore[arg-type, return-value]


def test_documents_come_back_in_their_order_whatever_the_shards(store: Store, corpus: Corpus) -> None:
    vectors = encode_documents(encoder(LengthEncoder()), corpus, DOCUMENTS, store, Silent())
    assert vectors.matrix.toarray()[:, 0].tolist() == list(range(10))
    assert vectors.truncated == 1
    assert vectors.encoder == {"path": "counting"}


def test_nothing_is_encoded_twice_and_the_encoder_is_not_even_loaded(store: Store, corpus: Corpus) -> None:
    first = encode_documents(encoder(LengthEncoder()), corpus, DOCUMENTS, store, Silent())
    never = Encoder({"model": "length"}, "document", lambda: pytest.fail("loaded"))
    again = encode_documents(never, corpus, iter(()), store, Silent())
    assert (first.matrix != again.matrix).nnz == 0
    assert again.seconds == first.seconds


def test_only_the_missing_shard_is_encoded(store: Store, corpus: Corpus) -> None:
    encode_documents(encoder(LengthEncoder()), corpus, DOCUMENTS, store, Silent())
    keys = list(encode.document_shards(encoder(LengthEncoder()), corpus).values())
    damaged = store.root / "vectors" / keys[1] / "data.npy"
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    loaded = LengthEncoder()
    with pytest.warns(UserWarning, match="damaged"):
        vectors = encode_documents(encoder(loaded), corpus, DOCUMENTS, store, Silent())
    assert loaded.encoded == [document.text for document in DOCUMENTS[4:8]]
    assert vectors.matrix.toarray()[:, 0].tolist() == list(range(10))


def test_another_identity_role_or_text_has_other_vectors(corpus: Corpus) -> None:
    one, other = encoder(LengthEncoder()), encoder(LengthEncoder(), pooling="sum")
    query = Encoder(one.identity, "query", one.load)
    changed = scan([*DOCUMENTS[:-1], Document("d9", "changed")])
    keys = {
        tuple(encode.document_shards(each, texts).values())
        for each, texts in ((one, corpus), (other, corpus), (query, corpus), (one, changed))
    }
    assert len(keys) == 4


def test_queries_are_one_artefact_by_their_texts(store: Store) -> None:
    loaded = LengthEncoder()
    for texts in (["a", "bb"], ["a", "bb"], ["bb", "a"]):
        vectors = encode_queries(encoder(loaded), texts, store, Silent())
        assert vectors.matrix.toarray()[:, 0].tolist() == [len(text) for text in texts]
    assert loaded.encoded == ["a", "bb", "bb", "a"]


def test_a_kill_loses_at_most_the_shard_at_hand_and_the_one_being_written(store: Store, corpus: Corpus) -> None:
    script = f"""
        import os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_stored as t
        from sparsebench.encoding import stored as encode
        encode.SHARD_DOCUMENTS = 4

        class Killed(t.LengthEncoder):
            def encode(self, texts, role):
                if len(self.encoded) == 8:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().encode(texts, role)

        store = t.Store(Path({str(store.root)!r}))
        t.encode_documents(t.encoder(Killed()), t.scan(t.DOCUMENTS), t.DOCUMENTS, store, t.Silent())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    loaded = LengthEncoder()
    vectors = encode_documents(encoder(loaded), corpus, DOCUMENTS, store, Silent())
    assert loaded.encoded in ([document.text for document in DOCUMENTS[start:]] for start in (4, 8))
    assert vectors.matrix.toarray()[:, 0].tolist() == list(range(10))


def test_the_next_shard_is_foreseen_before_one_is_encoded(
    store: Store, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, int]] = []

    class Foreseeing(LengthEncoder):
        def foresee(self, texts, role):
            calls.append(("foresee", len(texts)))

        def encode(self, texts, role):
            calls.append(("encode", len(texts)))
            return super().encode(texts, role)

    monkeypatch.setattr("sparsebench.encoding.stored.SHARD_DOCUMENTS", 4)
    encode_documents(encoder(Foreseeing()), corpus, DOCUMENTS, store, Silent())
    assert calls == [("foresee", 4), ("encode", 4), ("foresee", 2), ("encode", 4), ("encode", 2)]


def test_a_shard_that_cannot_be_written_stops_the_encoding(
    store: Store, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    loaded = LengthEncoder()
    monkeypatch.setattr("sparsebench.encoding.stored.SHARD_DOCUMENTS", 2)
    monkeypatch.setattr("sparsebench.encoding.stored._save", full)
    with pytest.raises((OSError, SparsebenchError), match=r"No space left|disk"):
        encode_documents(encoder(loaded), corpus, DOCUMENTS, store, Silent())
    assert len(loaded.encoded) <= 4, "it is noticed while the next one is encoded"
