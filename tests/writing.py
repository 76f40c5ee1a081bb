"""A plugin whose model writes down what it encodes, in the file that the variable ENCODED names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from sparsebench import Encoded, LoadedEncoder, ModelPlugin, hookimpl
from sparsebench.types import Role
from toys import LoadedWords, Words


class WritesDown(Words):
    def load(self, device: str) -> LoadedEncoder:
        class Loaded(LoadedWords):
            def encode(self, texts: Sequence[str], role: Role) -> Encoded:
                with Path(os.environ["ENCODED"]).open("a") as log:
                    log.write(f"{os.getpid()} {role} {len(texts)}\n")
                return super().encode(texts, role)

        return Loaded(0.5)


@hookimpl
def register_models() -> Iterable[ModelPlugin]:
    """The model."""
    return [ModelPlugin("writes_down", WritesDown, "counts of words")]
