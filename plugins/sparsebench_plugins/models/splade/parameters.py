"""The parameters that `splade` and `splade_doc` share, and what follows from them and from what a folder declares."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Gt, Lt

from sparsebench import Role, Rounding
from sparsebench.checkpoints import Files
from sparsebench.encoding import Activation, AnyEngine, Pooling, Precision
from sparsebench_plugins.models.splade.code import Trust

Positive = Annotated[int, Ge(1)]
Length = Annotated[int, Ge(3)]  # room for one token between the two special ones
Ratio = Annotated[float, Gt(0), Lt(1)]


@dataclass(frozen=True, kw_only=True)
class CheckpointParameters:
    """Parameters for encoding texts with a checkpoint."""

    checkpoint: str
    """A hub id (`OWNER/NAME`, or `OWNER/NAME/FOLDER` for a folder of it), a folder, or `package:IMPORTNAME/FOLDER`; any
    masked language model of transformers, or a folder of sentence-transformers' SparseEncoder."""

    revision: str | None = None
    """The commit of a hub id, 40 hex digits; needed for a hub id, and for nothing else."""

    pooling: Pooling | None = None
    """How the logits of a text's tokens become one; what the checkpoint declares, else `max`."""

    activation: Activation | None = None
    """`relu` is SPLADE's ln(1 + relu(.)), `log1p_relu` takes ln(1 + .) once more, as sentence-transformers names them;
    what the checkpoint declares, else `relu`."""

    max_query_length: Length | None = None
    """Tokens, special ones included, after which a query is cut; what the checkpoint declares, else 256."""

    max_document_length: Length | None = None
    """Tokens, special ones included, after which a document is cut; what the checkpoint declares, else 256."""

    query_prompt: str | None = None
    """Text before each query; what the checkpoint declares, else none."""

    document_prompt: str | None = None
    """Text before each document; what the checkpoint declares, else none."""

    query_prune: Positive | None = None
    """Keep only the n largest entries of a query; what the checkpoint declares, else all."""

    document_prune: Positive | None = None
    """Keep only the n largest entries of a document; what the checkpoint declares, else all."""

    query_prune_ratio: Ratio | None = None
    """Drop the entries of a query that are not above this share of its largest one, before `query_prune`."""

    document_prune_ratio: Ratio | None = None
    """Drop the entries of a document that are not above this share of its largest one, before `document_prune`."""

    output_vocabulary: Positive | Path | None = None
    """The ids that may be active: those below a number, or a file with one id a line."""

    allow_bin: bool = False
    """Read a checkpoint that has no safetensors file, with torch's weights_only."""

    trust_remote_code: bool = False
    """Run the code that a checkpoint brings."""

    code_revision: str | None = None
    """The commit, 40 hex digits, of another repository that a checkpoint takes its code from."""

    dtype: Annotated[Precision, Rounding(noise=False)] = "float32"
    """What the model computes in before its decoder, which is float32 whatever this is. `bfloat16`: weights and
    activations are rounded to it, if they are not saved so; `tf32`: a GPU rounds what it multiplies. `noise` says what
    they do to the figures."""

    batch_tokens: Annotated[Positive | None, Rounding(values=(512, 2048))] = None
    """Tokens encoded at once, padding included; changes the vectors by rounding only. None: 1024 on a CPU, where they
    stay in the cache of a core; 32,768 on a GPU, or as many as fit in half of its free memory."""

    engine: Annotated[AnyEngine, Rounding()] = "auto"
    """How logits are computed and pooled; changes the vectors by rounding only. `auto`: on a CPU the fastest of
    `exact_bf16`, `exact_int8`, `numba` and `reference` that this machine has; on a GPU, which has `exact_bf16`,
    `exact_tf32`, `fused` and `reference`, the last, and with `dtype: bfloat16` the first."""

    compile: bool = False
    """Have torch.compile fuse what comes before the decoder, which takes half a minute and a C++ compiler and pays for
    large corpora; changes the vectors by rounding only."""

    @property
    def trust(self) -> Trust:
        """Code that may run; raises ModelError."""
        return Trust(self.trust_remote_code, self.code_revision)

    @property
    def files(self) -> Files:
        """Files of a hub's repository that are wanted."""
        return Files(bin=self.allow_bin, code=self.trust_remote_code)

    def shared(self) -> dict[str, Any]:
        """Return these parameters alone, by name, for another model that has them too."""
        return {field.name: getattr(self, field.name) for field in fields(CheckpointParameters)}

    def length(self, role: Role) -> int | None:
        """The most tokens that the suite asks for."""
        return self.max_query_length if role == "query" else self.max_document_length
