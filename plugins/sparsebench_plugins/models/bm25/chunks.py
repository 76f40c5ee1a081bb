"""Count the terms of many texts, in this process or in several others: the same counts, and in the same order.

Splitting and stemming is Python that holds its lock, so that threads would gain nothing. Another process (`worker`)
reads texts from its standard input and ends with it, also where its parent is killed.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, islice
from typing import IO

import numpy as np

from sparsebench import ModelError
from sparsebench.workers import workers
from sparsebench_plugins.models.bm25.terms import Splitting

TEXTS = 4096
"""Texts a chunk."""
WORTH_A_PROCESS = 8
"""Chunks of a corpus from which on other processes are started: fewer are split before these have started."""
DIGEST_BYTES = 16
WORKER = "sparsebench_plugins.models.bm25.worker"


@dataclass(frozen=True)
class Chunk:
    """Some texts in the terms that they have.

    terms: as they first occur. ids: (T,) int32 places in `terms`, text after text. lengths: (N,) int32 terms a text.
    digests: (N, 16) uint8, of the texts.
    """

    terms: list[str]
    ids: np.ndarray
    lengths: np.ndarray
    digests: np.ndarray


class Splitter:
    """Splits chunks, one after another; what a word's stem is it finds out once."""

    def __init__(self, splitting: Splitting) -> None:
        self._tokenizer = splitting.tokenizer()
        self._names: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Chunk:
        """Split N texts."""
        found = list(self._tokenizer.streaming_tokenize(texts, update_vocab=True, allow_empty=False))
        numbers = self._tokenizer.get_vocab_dict()  # in the order of their numbers
        self._names.extend(islice(numbers, len(self._names), None))
        known = np.fromiter(chain.from_iterable(found), dtype=np.int32)
        first = np.full(len(self._names), len(known), dtype=np.int64)
        first[known[::-1]] = np.arange(len(known) - 1, -1, -1)  # the last one written stays: where it occurs first
        order = np.argsort(first, kind="stable")[: np.count_nonzero(first < len(known))]
        rank = np.empty(len(first), dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        terms = [self._names[number] for number in order.tolist()]
        return Chunk(terms, rank[known], np.array([*map(len, found)], dtype=np.int32), text_digests(texts))


def text_digests(texts: Sequence[str]) -> np.ndarray:
    """Return digests (N, 16) uint8 of N texts."""
    digests = b"".join(
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest() for text in texts
    )
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, DIGEST_BYTES)


def chunks(texts: Iterable[str], splitting: Splitting, *, processes: int | None = None) -> Iterator[Chunk]:
    """Split texts into chunks, in their order, on all cores (or so many) where there are enough of them."""
    parts = iter(_parts(iter(texts)))
    few = list(islice(parts, WORTH_A_PROCESS))
    size = processes or workers()
    if len(few) < WORTH_A_PROCESS or size == 1:
        yield from map(Splitter(splitting), chain(few, parts))
        return
    with Processes(splitting, size) as team:
        yield from team.map(chain(few, parts))


def _parts(texts: Iterator[str]) -> Iterator[list[str]]:
    while part := list(islice(texts, TEXTS)):
        yield part


class Processes:
    """A fixed number of processes that split, each served by a thread that waits for it."""

    def __init__(self, splitting: Splitting, size: int) -> None:
        self._splitting = splitting
        self._size = size
        self._threads = ThreadPoolExecutor(size)
        self._own = threading.local()
        self._started: list[subprocess.Popen[bytes]] = []

    def map(self, parts: Iterable[list[str]]) -> Iterator[Chunk]:
        """Split each part, in order; a few more than there are processes are read ahead."""
        running: deque[Future[Chunk]] = deque()
        for part in parts:
            running.append(self._threads.submit(self._split, part))
            if len(running) > 2 * self._size:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()

    def _split(self, texts: list[str]) -> Chunk:
        if not hasattr(self._own, "process"):
            self._own.process = self._start()
        process: subprocess.Popen[bytes] = self._own.process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            send(process.stdin, texts)
            chunk: Chunk = pickle.load(process.stdout)
        except (EOFError, OSError) as error:
            raise ModelError(f"a process that splits texts into terms ended: {process.wait()}") from error
        return chunk

    def _start(self) -> subprocess.Popen[bytes]:
        # -P: nothing in the working directory may shadow a module.
        command = [sys.executable, "-P", "-m", WORKER]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._started.append(process)
        assert process.stdin is not None
        send(process.stdin, self._splitting)
        return process

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._started:
            process.communicate()


def send(stream: IO[bytes], thing: object) -> None:
    """Write one object for the other side to read."""
    pickle.dump(thing, stream, protocol=pickle.HIGHEST_PROTOCOL)
    stream.flush()
