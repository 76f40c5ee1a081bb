"""Effects of each removal on each query, and the one statistic of an arm.

Letters: Q test queries, n scored tokens, G points of the grid, R repetitions of an arm (1 for a fixed order).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sparsebench.measures import FastMeasure
from sparsebench_plugins.analyzers.removal.orders import log_weights
from sparsebench_plugins.analyzers.removal.queries import RemovalQuery

NEVER = np.uint8(255)
"""More than any point of a grid."""


@dataclass(frozen=True)
class ArmEffects:
    """Effects of an arm: the measure after a removal minus before. Negative is harm.

    by_repetition: (R, G) means over queries. by_query: (Q, G) means over repetitions. mass: (R, G) removed share of
    the weight of all expansion entries of the test queries. weights: (G,) of the points of the grid.
    """

    by_repetition: np.ndarray
    by_query: np.ndarray
    mass: np.ndarray
    weights: np.ndarray

    @cached_property
    def statistics(self) -> np.ndarray:
        """The pre-declared statistic (R,): the mean effect over the grid on a log scale."""
        values: np.ndarray = (self.by_repetition * self.weights).sum(axis=1)
        return values

    @cached_property
    def query_statistics(self) -> np.ndarray:
        """The statistic (Q,) of single queries, a mean over repetitions."""
        values: np.ndarray = (self.by_query * self.weights).sum(axis=1)
        return values


@dataclass(frozen=True)
class Effects:
    """Effects of removing tokens.

    before: (Q,) the measure with nothing removed. all_expansion: (Q,) effects of removing every expansion entry, of
    scored tokens or not. arms: by name.
    """

    before: np.ndarray
    all_expansion: np.ndarray
    arms: Mapping[str, ArmEffects]

    @property
    def beyond_matched(self) -> np.ndarray:
        """Statistic of the wackiest tokens minus the mean one of matched random tokens, per query (Q,)."""
        wackiest, matched = self.arms["wackiest"], self.arms["matched"]
        difference: np.ndarray = wackiest.query_statistics - matched.query_statistics
        return difference

    @property
    def p(self) -> float:
        """Monte-Carlo p: how often matched random tokens hurt at least as much as the wackiest ones (METHODS 2.5)."""
        matched = self.arms["matched"].statistics
        as_harmful = np.count_nonzero(matched <= self.arms["wackiest"].statistics)
        return float((1 + as_harmful) / (matched.size + 1))


def measure_effects(
    queries: Iterable[RemovalQuery],
    terms: np.ndarray,
    steps: Mapping[str, np.ndarray],
    grid: np.ndarray,
    measure: FastMeasure,
) -> Effects:
    """Remove tokens from every query, arm by arm.

    terms: (n,) ascending ids of the scored tokens. steps: arm -> (R, n) as `removal_steps` gives them.
    """
    tallies = {arm: _Tally(each, grid) for arm, each in steps.items()}
    masses, total = np.zeros(terms.size), 0.0
    before, after_all = [], []
    for query in queries:
        columns = np.searchsorted(terms, query.terms)
        scored = terms.take(columns, mode="clip") == query.terms
        np.add.at(masses, columns[scored], query.weights[scored])
        total += query.weights.sum()
        nothing_then_all = np.ones((1, query.terms.size), np.uint8)
        values = query.along(nothing_then_all, 2, measure)[0]
        before.append(values[0])
        after_all.append(values[1])
        for tally in tallies.values():
            tally.add(query.along(tally.steps_of(columns, scored), grid.size, measure) - values[0])
    arms = {arm: tally.effects(masses / total) for arm, tally in tallies.items()}
    return Effects(np.array(before), np.array(after_all) - np.array(before), arms)


class _Tally:
    """Sums of an arm with `steps` (R, n) over the queries that were added."""

    def __init__(self, steps: np.ndarray, grid: np.ndarray) -> None:
        self._steps, self._grid = steps, grid
        self._sums = np.zeros((len(steps), grid.size))
        self._by_query: list[np.ndarray] = []

    def steps_of(self, columns: np.ndarray, scored: np.ndarray) -> np.ndarray:
        """Return steps (R, m): at which point of the grid each term of a query is gone, `NEVER` for one that was not
        scored.

        columns: (m,) of the terms among the scored tokens, where `scored` (m,) says that they are.
        """
        return np.where(scored, self._steps.take(columns, axis=1, mode="clip"), NEVER)

    def add(self, effects: np.ndarray) -> None:
        """Take in a query's effects (R, G)."""
        self._sums += effects
        self._by_query.append(effects.mean(axis=0))

    def effects(self, masses: np.ndarray) -> ArmEffects:
        """The result; masses (n,) of the tokens, as shares of all."""
        points = self._grid.size
        at_step = np.stack([np.bincount(row, weights=masses, minlength=points) for row in self._steps])  # (R, G)
        return ArmEffects(
            by_repetition=self._sums / len(self._by_query),
            by_query=np.stack(self._by_query),
            mass=np.cumsum(at_step, axis=1),
            weights=log_weights(self._grid),
        )
