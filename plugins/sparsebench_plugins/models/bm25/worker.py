"""The process that splits texts for `chunks`: a `Splitting` first, then lists of texts, answered one by one."""

from __future__ import annotations

import pickle
import sys

from sparsebench_plugins.models.bm25.chunks import Splitter, send


def main() -> None:
    """Split what comes until nothing more does."""
    splitter = Splitter(pickle.load(sys.stdin.buffer))
    while True:
        try:
            texts = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        send(sys.stdout.buffer, splitter(texts))


if __name__ == "__main__":
    main()
