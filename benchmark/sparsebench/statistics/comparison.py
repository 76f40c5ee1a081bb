"""Systems compared with a baseline, and with one another: the one result that tables are printed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sparsebench.errors import ScoreError, did_you_mean
from sparsebench.measures import better_when_larger
from sparsebench.statistics.bootstrap import Interval, macro_interval
from sparsebench.statistics.correction import shared_ranks
from sparsebench.statistics.paired import effect_size, equivalence_p, minimal_detectable_difference, paired_t_p
from sparsebench.statistics.refined import FlipTest, all_pairs, family
from sparsebench.statistics.results import DEFAULTS, AllPairs, Cell, Comparison, Contrast, MacroAverage, Settings
from sparsebench.statistics.samples import PerCollection, paired_samples
from sparsebench.statistics.values import Values


def compare(
    values: Mapping[str, PerCollection],
    *,
    baseline: str,
    measures: Mapping[str, str],
    groups: Mapping[str, Sequence[str]] | None = None,
    settings: Settings = DEFAULTS,
) -> Comparison:
    """Compare systems by per-query values: system -> collection -> query_id -> value.

    measures: collection -> the measure's name, for the collections to compare on. groups: name -> collections of one
    measure to average over. Raises ScoreError when the baseline is unknown, when two systems were not given the same
    queries of a collection, or when a value is not a finite number. Neither the order of systems nor of queries
    changes a figure.
    """
    if baseline not in values:
        raise ScoreError(f"the baseline {baseline!r} is none of the systems.{did_you_mean(baseline, values)}")
    measures = {name: of for name, of in measures.items() if any(name in found for found in values.values())}
    samples = {name: paired_samples(values, name, baseline=baseline) for name in measures}
    pairs_of = tuple(_all_pairs(name, found, settings) for name, found in samples.items())
    contrasts = _contrasts(samples, baseline, settings)
    cells = tuple(
        cell
        for pairs, measure in zip(pairs_of, measures.values(), strict=True)
        for cell in _cells(pairs, samples[pairs.collection], measure, contrasts, settings)
    )
    macro_averages = tuple(
        average
        for group, members in (groups or {}).items()
        if samples.keys() >= set(members)
        for average in _macro_averages(group, [samples[name] for name in members], baseline, settings)
    )
    return Comparison(baseline, measures, settings, len(contrasts), cells, pairs_of, macro_averages)


def _all_pairs(collection: str, samples: Mapping[str, Values], settings: Settings) -> AllPairs:
    p_values, flips = all_pairs(np.stack(list(samples.values())), settings)
    return AllPairs(collection, tuple(samples), tuple(tuple(row) for row in p_values.tolist()), flips)


def _contrasts(
    samples: Mapping[str, Mapping[str, Values]], baseline: str, settings: Settings
) -> dict[tuple[str, str], Contrast]:
    """Map (collection, system) -> it minus the baseline there; all tests there are, as one family."""
    differences = {
        (collection, system): values - found[baseline]
        for collection, found in samples.items()
        if baseline in found
        for system, values in found.items()
        if system != baseline
    }
    tests = family(list(differences.values()), settings)
    return {key: _contrast(differences[key], test, settings) for key, test in zip(differences, tests, strict=True)}


def _cells(
    pairs: AllPairs,
    samples: Mapping[str, Values],
    measure: str,
    contrasts: Mapping[tuple[str, str], Contrast],
    settings: Settings,
) -> list[Cell]:
    means = np.array([values.mean() for values in samples.values()])
    goodness = means if better_when_larger(measure) else -means
    ranks = shared_ranks(np.array(pairs.p), goodness, alpha=settings.alpha)
    cells = []
    for system, mean, rank in zip(pairs.systems, means.tolist(), ranks.tolist(), strict=True):
        values, contrast = samples[system], contrasts.get((pairs.collection, system))
        interval = _interval([values], settings)
        cells.append(Cell(system, pairs.collection, len(values), mean, interval, rank, contrast))
    return cells


def _contrast(differences: Values, test: FlipTest, settings: Settings) -> Contrast:
    margin = settings.margin
    return Contrast(
        difference=float(differences.mean()),
        interval=_interval([differences], settings),
        p_sign_flip=test.p,
        p_holm=test.p_holm,
        p_t=paired_t_p(differences),
        effect_size=effect_size(differences),
        detectable=minimal_detectable_difference(differences, alpha=settings.alpha, power=settings.power),
        p_equivalence=None if margin is None else equivalence_p(differences, margin=margin),
        flips=test.flips,
        is_near=test.is_near,
    )


def _macro_averages(
    group: str, members: Sequence[Mapping[str, Values]], baseline: str, settings: Settings
) -> list[MacroAverage]:
    complete = [system for system in members[0] if all(system in samples for samples in members)]
    return [
        _macro_average(
            system,
            group,
            [samples[system] for samples in members],
            [samples[baseline] for samples in members] if baseline in complete and system != baseline else None,
            settings,
        )
        for system in complete
    ]


def _macro_average(
    system: str, group: str, samples: Sequence[Values], baseline: Sequence[Values] | None, settings: Settings
) -> MacroAverage:
    mean = float(np.mean([values.mean() for values in samples]))
    interval = _interval(samples, settings)
    if baseline is None:
        return MacroAverage(system, group, mean, interval, None, None)
    differences = [values - other for values, other in zip(samples, baseline, strict=True)]
    difference = float(np.mean([values.mean() for values in differences]))
    return MacroAverage(system, group, mean, interval, difference, _interval(differences, settings))


def _interval(samples: Sequence[Values], settings: Settings) -> Interval | None:
    return macro_interval(samples, confidence=1 - settings.alpha, resamples=settings.resamples, seed=settings.seed)
