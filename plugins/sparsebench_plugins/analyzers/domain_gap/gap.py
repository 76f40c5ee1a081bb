"""An effect that was measured query by query in several collections, and whether it differs between domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sparsebench import Domain
from sparsebench.statistics import Interaction, Interval, difference_of_differences, holm, mean_interval


@dataclass(frozen=True)
class Effect:
    """Effect on a collection.

    values: (n,) of the queries of a collection. p: of the hypothesis that there is no effect in it.
    """

    collection: str
    domain: Domain
    values: np.ndarray
    p: float


@dataclass(frozen=True)
class Tested:
    """The mean effect of a collection with its 95 % interval. p_holm: corrected over the collections of one gap."""

    collection: str
    domain: Domain
    queries: int
    mean: float
    interval: Interval | None
    p: float
    p_holm: float


@dataclass(frozen=True)
class Gap:
    """Gap of the effect `name`. difference: in-domain minus out-of-domain, or None and the reason."""

    name: str
    tested: tuple[Tested, ...]
    difference: Interaction | None
    reason: str | None = None


def measure_gap(name: str, effects: Sequence[Effect], *, lacking: str | None = None) -> Gap:
    """Test the effect in each collection and its difference between domains.

    lacking: why no mean over these collections would be fair (an incomplete row), None where one is.
    """
    corrected = holm(np.array([effect.p for effect in effects]))
    tested = tuple(_tested(effect, float(p_holm)) for effect, p_holm in zip(effects, corrected, strict=True))
    inside, outside = ([e.values for e in effects if e.domain == domain] for domain in ("in", "out"))
    reason = lacking or _without("in-domain", inside) or _without("out-of-domain", outside)
    return Gap(name, tested, None if reason else difference_of_differences(inside, outside), reason)


def _tested(effect: Effect, p_holm: float) -> Tested:
    mean, interval = float(effect.values.mean()), mean_interval(effect.values)
    return Tested(effect.collection, effect.domain, len(effect.values), mean, interval, effect.p, p_holm)


def _without(domain: str, samples: Sequence[np.ndarray]) -> str | None:
    return None if samples else f"there is no {domain} collection"
