"""Systems compared with a baseline, and with one another: the one result that tables are printed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sparsebench.errors import ScoreError, did_you_mean
from sparsebench.measures import better_when_larger
from sparsebench.statistics.bootstrap import Interval, macro_interval
from sparsebench.statistics.correction import holm, shared_ranks
from sparsebench.statistics.paired import effect_size, equivalence_p, minimal_detectable_difference, paired_t_p
from sparsebench.statistics.results import DEFAULTS, AllPairs, Cell, Comparison, Contrast, MacroAverage, Settings
from sparsebench.statistics.samples import PerCollection, paired_samples
from sparsebench.statistics.sign_flips import randomised_tukey, sign_flip_p
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
    all_pairs = tuple(_all_pairs(name, found, settings) for name, found in samples.items())
    cells = [
        cell
        for pairs, measure in zip(all_pairs, measures.values(), strict=True)
        for cell in _cells(pairs, samples[pairs.collection], baseline, measure, settings)
    ]
    macro_averages = [
        average
        for group, members in (groups or {}).items()
        if samples.keys() >= set(members)
        for average in _macro_averages(group, [samples[name] for name in members], baseline, settings)
    ]
    family = sum(cell.contrast is not None for cell in cells)
    return Comparison(baseline, measures, settings, family, tuple(_with_holm(cells)), all_pairs, tuple(macro_averages))


def _all_pairs(collection: str, samples: Mapping[str, Values], settings: Settings) -> AllPairs:
    p_values = randomised_tukey(np.stack(list(samples.values())), flips=settings.flips, seed=settings.seed)
    return AllPairs(collection, tuple(samples), tuple(tuple(row) for row in p_values.tolist()))


def _cells(
    pairs: AllPairs, samples: Mapping[str, Values], baseline: str, measure: str, settings: Settings
) -> list[Cell]:
    means = np.array([values.mean() for values in samples.values()])
    goodness = means if better_when_larger(measure) else -means
    ranks = shared_ranks(np.array(pairs.p), goodness, alpha=settings.alpha)
    cells = []
    for system, mean, rank in zip(pairs.systems, means.tolist(), ranks.tolist(), strict=True):
        values = samples[system]
        compared = baseline in samples and system != baseline
        contrast = _contrast(values - samples[baseline], settings) if compared else None
        interval = _interval([values], settings)
        cells.append(Cell(system, pairs.collection, len(values), mean, interval, rank, contrast))
    return cells


def _contrast(differences: Values, settings: Settings) -> Contrast:
    """Without Holm's correction, which needs the whole family."""
    p = sign_flip_p(differences, flips=settings.flips, seed=settings.seed)
    margin = settings.margin
    return Contrast(
        difference=float(differences.mean()),
        interval=_interval([differences], settings),
        p_sign_flip=p,
        p_holm=p,
        p_t=paired_t_p(differences),
        effect_size=effect_size(differences),
        detectable=minimal_detectable_difference(differences, alpha=settings.alpha, power=settings.power),
        p_equivalence=None if margin is None else equivalence_p(differences, margin=margin),
    )


def _with_holm(cells: Sequence[Cell]) -> list[Cell]:
    """All tests there are, as one family."""
    corrected = iter(holm(np.array([cell.contrast.p_sign_flip for cell in cells if cell.contrast])).tolist())
    return [
        replace(cell, contrast=replace(cell.contrast, p_holm=next(corrected))) if cell.contrast else cell
        for cell in cells
    ]


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
