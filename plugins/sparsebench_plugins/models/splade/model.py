"""The model `splade` as suites name it: its parameters, what identifies it, how it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sparsebench import Json, ModelError, Role, SparseEncoder
from sparsebench.checkpoints import AnyLocation
from sparsebench.training import locate
from sparsebench_plugins.models.splade.at_hand import fetch, missing_lines
from sparsebench_plugins.models.splade.checkpoint import Checkpoint
from sparsebench_plugins.models.splade.description import about, refuse_symmetric
from sparsebench_plugins.models.splade.encoder import LoadedSplade
from sparsebench_plugins.models.splade.loading import computed_by, identity_of, load_side, open_side, use_of
from sparsebench_plugins.models.splade.parameters import CheckpointParameters


@dataclass(frozen=True, kw_only=True)
class Splade(CheckpointParameters, SparseEncoder):
    """Masked-language-model logits, pooled (METHODS 1; Formal et al. 2021, arXiv 2109.10086).

    A folder of sentence-transformers' SparseEncoder is read to the letter: routers, static query weights, prompts,
    lengths, pruning. What would be left out of the numbers is refused.

    Example: `Splade(checkpoint="naver/splade-v3", revision="fdfe…").load("cpu").encode(["a text"], "query")`.
    """

    query_checkpoint: str | None = None
    """A separate encoder for queries (Lassance and Clinchant 2022, efficient SPLADE); `checkpoint` is then the
    documents'. Both must share the vocabulary."""

    query_revision: str | None = None
    """The commit of `query_checkpoint`, as `revision` is that of `checkpoint`."""

    expand_queries: bool = True
    """`false`: a query keeps its own tokens alone, without special ones, with the weights that the model gives them, as
    SPLADE-v3-Lexical does."""

    def __post_init__(self) -> None:
        if self.query_revision is not None and self.query_checkpoint is None:
            raise ModelError("query_revision is given without query_checkpoint")
        self._locations()  # says now what is wrong with how they are named
        _ = self.trust

    def identity(self, role: Role) -> Mapping[str, Json]:
        """Return everything that determines the vectors of a role; needs no torch."""
        identity = identity_of(self, self.open(role), role)
        return identity if self.expand_queries or role == "document" else {**identity, "expands": False}

    def computed_by(self, role: Role, device: str) -> Mapping[str, Json]:
        """Name the kind of device and the engine that pools on it; raises ModelError where it has not the one asked."""
        return computed_by(self, self.open(role), device)

    def load(self, device: str) -> LoadedSplade:
        """Load both sides, a model that they share once; raises ModelError."""
        document = self.open("document")
        side = load_side(self, document, "document", device)
        query = self.open("query")
        shared = side if query.files == document.files else None
        own = load_side(self, query, "query", device, loaded=shared, expands=self.expand_queries)
        return LoadedSplade(own, side)

    def open(self, role: Role) -> Checkpoint:
        """Find the files of one role; raises ModelError where they are not at hand or may not be read."""
        found = open_side(self, self._locations()[role], role)
        if found.declared.token_weights is not None:
            raise ModelError(
                f"checkpoint {found.name!r} has {found.declared.token_weights.name}: its queries pass through no "
                "model. The model `splade_doc` reads it, with `query_weights: checkpoint`"
            )
        refuse_symmetric(found, expands=self.expand_queries)
        return found

    def about(self) -> Mapping[str, Json]:
        """Lengths, what the suite overrides, whether it is as its authors ran it, what it was trained on."""
        sides = {role: self.open(role) for role in self._locations()}
        uses = {role: (side, use_of(self, side, role)) for role, side in sides.items()}
        query = sides["query"].declared
        queries = "weights of tokens" if query.transformer is None else "own tokens" if query.static else "model"
        own = queries if self.expand_queries or queries != "model" else "own tokens"
        partner = sides["document"].known.partner if sides["document"].known else None
        altered = ("query_checkpoint",) if self.query_checkpoint not in (None, partner) else ()
        return about(self, own, uses, altered)

    def missing(self) -> Sequence[str]:
        """Say what is not at hand, or only in part."""
        return missing_lines(self._locations().values(), self.files, self._opens())

    def fetch(self) -> None:
        """Download what is missing; raises SparsebenchError."""
        fetch(self._locations().values(), self.files, self.trust, self._opens())

    def _opens(self) -> Iterable[Callable[[], Checkpoint]]:
        return (partial(open_side, self, location, role) for role, location in self._locations().items())

    def _locations(self) -> Mapping[Role, AnyLocation]:
        document = locate(self.checkpoint, self.revision)
        if self.query_checkpoint is None:
            return {"query": document, "document": document}
        return {"query": locate(self.query_checkpoint, self.query_revision), "document": document}
