"""State that stages share: the time they may take, the machine's limits, texts, vectors, and the way to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from sparsebench.contracts import LoadedEncoder
from speed.clock import alternate
from speed.growth import Growth
from speed.machine import Limits
from speed.result import Result
from speed.texts import Texts, read_texts
from speed.vectors import crossed

if TYPE_CHECKING:
    from scipy.sparse import csr_array

T = TypeVar("T")
Run = Callable[[], object]
Make = Callable[[], Run]
"""Makes a peer ready; raises whatever it likes, ImportError where it is not installed."""


@dataclass(frozen=True)
class Missing:
    """A peer, or a whole stage, that could not take part."""

    stage: str
    peer: str
    why: str


Item = Result | Growth | Missing


@dataclass(frozen=True)
class Bench:
    """quick: small, in a few minutes. checkpoint: the SPLADE to encode with, as a suite names it."""

    quick: bool
    checkpoint: str
    limits: Limits

    def size(self, full: T, quick: T) -> T:
        """The one that the run's time allows."""
        return quick if self.quick else full

    @cached_property
    def texts(self) -> Texts:
        """All texts there are."""
        return read_texts()

    @cached_property
    def encoder(self) -> LoadedEncoder:
        """Ours."""
        from sparsebench_plugins.models.splade import Splade

        return Splade(checkpoint=self.checkpoint).load("cpu")

    @cached_property
    def _real_documents(self) -> csr_array:
        return self.encoder.encode(self.texts.documents[: self.size(8_000, 1_000)], "document").vectors

    def documents(self, count: int) -> csr_array:
        """Vectors (count, V) with the postings of real documents."""
        return crossed(self._real_documents, count)

    @cached_property
    def queries(self) -> csr_array:
        """Vectors of real queries, (Q, V), Q at most 1,000."""
        return self.encoder.encode(self.texts.queries[:1_000], "query").vectors

    def compare(
        self,
        *,
        stage: str,
        subject: str,
        unit: str,
        value: Callable[[float], float],
        ours: Run | Mapping[str, Run],
        peers: Mapping[str, Make],
        limit: float | Mapping[str, float] | None = None,
        notes: Mapping[str, str] | None = None,
        work: Mapping[str, float] | None = None,
    ) -> Iterator[Result | Missing]:
        """Time ours (one way, or several by name) and every peer that is installed, all in turn.

        value: seconds -> unit. limit: seconds that the machine would need at best (of each way, where these differ).
        notes: of peers. work: how much one run of a peer does of what one of ours does, where it is not the same.
        """
        own = dict(ours) if isinstance(ours, Mapping) else {"": ours}
        for run in own.values():
            run()
        others = {}
        for name, make in peers.items():
            try:
                others[name] = make()
                others[name]()
            except Exception as error:  # one broken peer must not cost the others
                others.pop(name, None)
                yield Missing(stage, name, f"{type(error).__name__}: {error}")
        times = alternate({**own, **others}, seconds=self.size(10.0, 1.0))
        for way in own:
            mine, named = times[way], f"{subject}, {way}" if way else subject
            best = limit.get(way) if isinstance(limit, Mapping) else limit
            share = best / mine.median if best else None
            if not others:
                yield Result(stage, named, None, value(mine.median), None, unit, share, (mine.spread, None))
            for name in others:
                theirs = times[name]
                figures = value(mine.median), value(theirs.median / (work or {}).get(name, 1))
                spreads, note = (mine.spread, theirs.spread), (notes or {}).get(name, "")
                yield Result(stage, named, name, *figures, unit, share, spreads, note)

    def grow(
        self, stage: str, letter: str, unit: str, sizes: Mapping[int, Run], value: Callable[[float, int], float]
    ) -> Growth:
        """Measure how ours grows: the same at several sizes, in turn. value: seconds and size -> unit."""
        for run in sizes.values():
            run()
        times = alternate({str(size): run for size, run in sizes.items()}, seconds=self.size(5.0, 1.0))
        return Growth(stage, letter, unit, {size: value(times[str(size)].median, size) for size in sizes})
