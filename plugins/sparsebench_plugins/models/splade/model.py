"""The model `splade` as suites name it: its parameters, what identifies it, how it is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from annotated_types import Ge

from sparsebench import Json, ModelError, Role, SparseEncoder
from sparsebench.checkpoints import AnyLocation, Files
from sparsebench.device import kind
from sparsebench.encoding import Activation, AnyEngine, Pooling, decoder, engine_on
from sparsebench.provenance import digest
from sparsebench.training import locate
from sparsebench_plugins.models.splade.architecture import load_masked_lm
from sparsebench_plugins.models.splade.checkpoint import Checkpoint, open_checkpoint
from sparsebench_plugins.models.splade.encoder import LoadedSplade, Side
from sparsebench_plugins.models.splade.output_ids import read_output_ids
from sparsebench_plugins.models.splade.tokenizer import load_vocabulary

Positive = Annotated[int, Ge(1)]
Length = Annotated[int, Ge(3)]  # room for one token between the two special ones
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Splade(SparseEncoder):
    """Masked-language-model logits, pooled (METHODS 1; Formal et al. 2021, arXiv 2109.10086)."""

    checkpoint: str
    """A hub id, a folder, or `package:IMPORTNAME/FOLDER`; any masked language model of transformers, or a folder of
    sentence-transformers' SparseEncoder."""

    revision: str | None = None
    """The commit of a hub id, 40 hex digits; needed for a hub id, and for nothing else."""

    query_checkpoint: str | None = None
    """A separate encoder for queries (Lassance and Clinchant 2022, efficient SPLADE); `checkpoint` is then the
    documents'. Both must share the vocabulary."""

    query_revision: str | None = None
    """The commit of `query_checkpoint`, as `revision` is that of `checkpoint`."""

    pooling: Pooling | None = None
    """How the logits of a text's tokens become one; the checkpoint's modules.json if it has one, else `max`."""

    activation: Activation | None = None
    """`relu` is SPLADE's ln(1 + relu(.)), `log1p_relu` takes ln(1 + .) once more, as sentence-transformers names them;
    the checkpoint's modules.json if it has one, else `relu`."""

    max_query_length: Length = 256
    """Tokens, special ones included, after which a query is cut."""

    max_document_length: Length = 256
    """Tokens, special ones included, after which a document is cut."""

    query_prune: Positive | None = None
    """Keep only the n largest entries of a query."""

    document_prune: Positive | None = None
    """Keep only the n largest entries of a document."""

    output_vocabulary: Positive | Path | None = None
    """The ids that may be active: those below a number, or a file with one id a line."""

    allow_bin: bool = False
    """Read a checkpoint that has no safetensors file, with torch's weights_only."""

    trust_remote_code: bool = False
    """Run the code that a checkpoint brings."""

    dtype: Literal["float32"] = "float32"
    """The precision of weights and activations."""

    batch_tokens: Positive | None = None
    """Tokens encoded at once, padding included; changes the vectors by rounding only. None: 1024 on a CPU, where they
    stay in the cache of a core, 4096 on a GPU."""

    engine: AnyEngine = "auto"
    """How logits are computed and pooled on a CPU; changes the vectors by rounding only. `auto`: the fastest of
    `exact_bf16`, `exact_int8`, `numba` and `reference` that this machine has. A GPU has the last."""

    compile: bool = False
    """Have torch.compile fuse what comes before the decoder, which takes half a minute and a C++ compiler and pays for
    large corpora; changes the vectors by rounding only."""

    def __post_init__(self) -> None:
        if self.query_revision is not None and self.query_checkpoint is None:
            raise ModelError("query_revision is given without query_checkpoint")
        self._locations()  # says now what is wrong with how they are named

    def identity(self, role: Role) -> Mapping[str, Json]:
        """As SparseEncoder.identity."""
        checkpoint = self.open(role)
        ids = read_output_ids(self.output_vocabulary)
        return {
            "files": dict(checkpoint.digests()),
            "pooling": self._pooling(checkpoint),
            "activation": self._activation(checkpoint),
            "length": self._length(role),
            "prune": self._keep(role),
            "output_ids": None if ids is None else digest(ids.tolist()),
            "dtype": self.dtype,
            "compile": self.compile,
        }

    def computed_by(self, role: Role, device: str) -> Mapping[str, Json]:
        """Name the kind of device and the engine that pools on it; raises ModelError where it has not the one asked."""
        return {"device": kind(device), "engine": engine_on(device, self.engine)}

    def load(self, device: str) -> LoadedSplade:
        """As SparseEncoder.load."""
        document = self.load_side("document", device)
        if self.query_checkpoint is None:
            return LoadedSplade(replace(document, length=self._length("query"), keep=self._keep("query")), document)
        return LoadedSplade(self.load_side("query", device), document)

    def load_side(self, role: Role, device: str) -> Side:
        """The encoder of one role alone; raises ModelError."""
        checkpoint = self.open(role)
        model = load_masked_lm(checkpoint, device)
        vocabulary = load_vocabulary(checkpoint, size=len(model.weight))
        ids = read_output_ids(self.output_vocabulary)
        model = model if ids is None else model.only(ids)
        engine = engine_on(device, self.engine)
        if self.compile:
            model.compile()
        return Side(
            model=model,
            decoder=decoder(engine, model.weight, model.bias),
            engine=engine,
            vocabulary=vocabulary,
            length=self._length(role),
            pooling=self._pooling(checkpoint),
            activation=self._activation(checkpoint),
            keep=self._keep(role),
            output_ids=ids,
            batch_tokens=self.batch_tokens or (1024 if model.on_cpu else 4096),
        )

    def open(self, role: Role) -> Checkpoint:
        """The files of one role; raises ModelError where they are not at hand or may not be read."""
        return open_checkpoint(
            self._locations()[role], allow_bin=self.allow_bin, trust_remote_code=self.trust_remote_code
        )

    def missing(self) -> Sequence[str]:
        """As Fetchable.missing."""
        found = {location: location.missing(self._files) for location in self._locations().values()}
        return [line for line in found.values() if line is not None]

    def fetch(self) -> None:
        """As Fetchable.fetch."""
        for location in set(self._locations().values()):
            location.fetch(self._files)

    @property
    def _files(self) -> Files:
        return Files(bin=self.allow_bin, code=self.trust_remote_code)

    def _locations(self) -> Mapping[Role, AnyLocation]:
        document = locate(self.checkpoint, self.revision)
        if self.query_checkpoint is None:
            return {"query": document, "document": document}
        return {"query": locate(self.query_checkpoint, self.query_revision), "document": document}

    def _pooling(self, checkpoint: Checkpoint) -> Pooling:
        return _agreed("pooling", self.pooling, checkpoint.pooling, checkpoint) or "max"

    def _activation(self, checkpoint: Checkpoint) -> Activation:
        return _agreed("activation", self.activation, checkpoint.activation, checkpoint) or "relu"

    def _length(self, role: Role) -> int:
        return self.max_query_length if role == "query" else self.max_document_length

    def _keep(self, role: Role) -> int | None:
        return self.query_prune if role == "query" else self.document_prune


def _agreed(name: str, asked: T | None, declared: T | None, checkpoint: Checkpoint) -> T | None:
    if asked is not None and declared is not None and asked != declared:
        raise ModelError(
            f"{name}: {asked!r} contradicts checkpoint {checkpoint.name!r}, whose modules.json says {declared!r}; "
            "leave the parameter out"
        )
    return asked or declared
