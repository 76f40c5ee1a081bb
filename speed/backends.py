"""sentence-transformers on the backends that its users turn to for speed, each in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from speed.bench import Run

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).parent / "stages" / "backend_peer.py"


@dataclass(frozen=True)
class Backend:
    """A backend of sentence-transformers, and the form of its weights.

    >>> str(Backend("onnx", "int8")), Backend("onnx", "int8").python.parts[-3]
    ('sentence-transformers, onnx, int8', '.venv-onnx')
    """

    name: str
    form: str = "float32"

    def __str__(self) -> str:
        return f"sentence-transformers, {self.name}, {self.form}"

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return ROOT / f".venv-{self.name}" / "bin" / "python"

    def __call__(self, folder: Path, texts: Sequence[str]) -> Run:
        """Load a checkpoint; each call of what is returned encodes the texts once."""
        return BackendPeer(self, folder, texts)


class BackendPeer:
    """A process that has a checkpoint and texts, and encodes them when told. Raises ImportError where the environment
    was not made."""

    def __init__(self, backend: Backend, folder: Path, texts: Sequence[str]) -> None:
        if not backend.python.is_file():
            raise ImportError(f"{backend.python.parts[-3]} is not there: make {backend.python.parts[-3]}")
        command = [str(backend.python), str(SCRIPT), str(folder), backend.name, backend.form]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._ask(list(texts), answered=False)

    def __call__(self) -> None:
        """Encode the texts."""
        self._ask("run")

    def vectors(self) -> csr_array:
        """Return what it made of them, (N, V)."""
        from scipy.sparse import coo_array

        places, values, shape = json.loads(self._ask("vectors"))
        return coo_array((np.array(values, dtype=np.float32), tuple(places)), shape=tuple(shape)).tocsr()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self._process.kill()
            self._process.wait()

    def _ask(self, what: object, *, answered: bool = True) -> str:
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        _write(to, what)
        if not answered:
            return ""
        if not (line := back.readline()):
            raise RuntimeError(f"the process of {self._process.args!r} ended: {self._process.wait()}")
        return line


def _write(to: IO[str], what: object) -> None:
    to.write(json.dumps(what) + "\n")
    to.flush()
