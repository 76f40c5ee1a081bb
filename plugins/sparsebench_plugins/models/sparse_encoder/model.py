"""The plugin: parameters, keys and facts of a folder that sentence-transformers encodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge

from sparsebench import Json, LoadedEncoder, ModelError, Role, SparseEncoder
from sparsebench.checkpoints import AnyLocation, Files, Known, as_authors_ran_it, known_checkpoint
from sparsebench.training import locate
from sparsebench_plugins.models.sparse_encoder.folder import check_folder, digests, with_bases
from sparsebench_plugins.models.sparse_encoder.loaded import TEXTS_AT_ONCE, LoadedSentenceTransformers
from sparsebench_plugins.models.sparse_encoder.loading import load_encoder
from sparsebench_plugins.models.splade import declared_lengths

Positive = Annotated[int, Ge(1)]
_ROLES: tuple[Role, Role] = ("query", "document")


@dataclass(frozen=True, kw_only=True)
class SentenceTransformersEncoder(SparseEncoder):
    """Vectors of sentence-transformers' own SparseEncoder, prompts, lengths and pruning as the folder declares them.

    Example: `SentenceTransformersEncoder(checkpoint="folder").load("cpu").encode(["a text"], "query")`.
    """

    checkpoint: str
    """A hub id, a folder, or `package:IMPORTNAME/FOLDER`, as sentence-transformers saves them."""

    revision: str | None = None
    """The commit of a hub id, 40 hex digits; needed for a hub id, and for nothing else."""

    max_query_length: Positive | None = None
    """Tokens after which a query is cut, in place of what the folder declares."""

    max_document_length: Positive | None = None
    """Tokens after which a document is cut, in place of what the folder declares."""

    query_prune: Positive | None = None
    """Keep only the n largest entries of a query, in place of what the folder declares."""

    document_prune: Positive | None = None
    """Keep only the n largest entries of a document, in place of what the folder declares."""

    allow_bin: bool = False
    """Read weights that are pickles, with torch's weights_only."""

    trust_remote_code: bool = False
    """Run the code that a checkpoint brings."""

    dtype: Literal["float32", "bfloat16", "auto"] = "float32"
    """The precision of weights and activations; `auto` is the one that the checkpoint was saved in."""

    def __post_init__(self) -> None:
        _ = self._location  # says now what is wrong with how it is named

    def identity(self, role: Role) -> Mapping[str, Json]:
        """Return everything that determines the vectors of a role; needs neither torch nor sentence-transformers."""
        return {
            "files": [digests(folder) for folder in with_bases(self._folder())],
            "length": self._of("length", role),
            "prune": self._of("prune", role),
            "dtype": self.dtype,
            "texts_at_once": TEXTS_AT_ONCE,
        }

    def load(self, device: str) -> LoadedEncoder:
        """Load it; raises ModelError with what sentence-transformers says where it cannot."""
        how = {
            "device": device,
            "local_files_only": True,
            "trust_remote_code": self.trust_remote_code,
            "model_kwargs": {"dtype": self.dtype},
        }
        encoder = load_encoder(self._folder(), self.checkpoint, how)
        return LoadedSentenceTransformers(encoder, self.checkpoint, self.options)

    def about(self) -> Mapping[str, Json]:
        """Facts for plan, record and table: lengths, overrides, whether it runs as its authors ran it."""
        set_here = {role: self._of("length", role) for role in _ROLES}
        lines = [f"{role}s: {length} tokens" for role, length in set_here.items() if length is not None]
        found: dict[str, Json] = {"lengths": self._lengths(set_here), "overrides": list(lines)}
        facts = known_checkpoint(self.checkpoint) if self._location.is_on_hub else None
        if facts is None:
            return found
        because = as_authors_ran_it(facts, self._use(facts))
        found["as_authors"] = {"answer": "no" if because else "yes", "because": list(because)}
        return found if facts.trained_on is None else {**found, "trained_on": list(facts.trained_on)}

    def _lengths(self, set_here: Mapping[Role, int | None]) -> dict[str, Json]:
        """Tokens at which texts are cut, as the suite or the folder says, of the roles of which either does."""
        try:
            declared = declared_lengths(self._location.folder(self._files))
        except ModelError:  # not at hand
            declared = {}
        said = {role: length for role, length in set_here.items() if length is not None}
        return {str(role): length for role, length in {**declared, **said}.items()}

    def _use(self, facts: Known) -> Mapping[str, Any]:
        """List what a suite sets in place of what the folder says of itself, which is its authors' own."""
        own = dict(zip(_ROLES, facts.prune or (None, None), strict=True))
        return {
            "queries": facts.queries,
            "lengths": {role: self._of("length", role) for role in _ROLES},
            "prune": {role: self._of("prune", role) or own[role] for role in _ROLES},
            "prune_ratio": {"query": None, "document": facts.document_prune_ratio},
            "altered": (),
        }

    def missing(self) -> Sequence[str]:
        """Say what is not at hand."""
        line = self._location.missing(self._files)
        return [] if line is None else [line]

    def fetch(self) -> None:
        """Download what is missing; raises SparsebenchError."""
        if self.missing():
            self._location.fetch(self._files)

    def options(self, role: Role) -> dict[str, Any]:
        """Arguments of `encode_query` and `encode_document` where the suite overrides the folder."""
        length, keep = self._of("length", role), self._of("prune", role)
        found: dict[str, Any] = {} if length is None else {"processing_kwargs": {"text": {"max_length": length}}}
        return found if keep is None else {**found, "max_active_dims": keep}

    @property
    def _files(self) -> Files:
        return Files(bin=self.allow_bin, code=self.trust_remote_code, everything=True)

    @property
    def _location(self) -> AnyLocation:
        return locate(self.checkpoint, self.revision)

    def _folder(self) -> Path:
        folder = self._location.folder(self._files)
        check_folder(folder, allow_bin=self.allow_bin)
        return folder

    def _of(self, name: str, role: Role) -> int | None:
        found: int | None = getattr(self, f"max_{role}_length" if name == "length" else f"{role}_prune")
        return found
