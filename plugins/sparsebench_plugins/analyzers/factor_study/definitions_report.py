"""Report of `factor_definitions`: verdict, agreements, and the values that are ordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sparsebench import Json
from sparsebench_plugins.analyzers.factor_study.outcomes import table, w_auc
from sparsebench_plugins.analyzers.factor_study.tables import NOTHING, grid
from sparsebench_plugins.analyzers.factor_study.trainings import Training

DEFINITIONS = """\
tau: Kendall's, of the order of the conditions' means over seeds with the order by "{reference}"; by seed: the mean of \
the seeds' own taus with Student's 95 % interval; two seeds: the mean tau of two seeds' orders under that one \
definition, the agreement that noise allows. Robust is called what is above {agreed:g}."""


def definitions_summary(
    values: Mapping[str, Json], of: Mapping[str, Mapping[str, Training]], places: Sequence[str], names: Sequence[str]
) -> str:
    """Verdict, agreement of definitions, and the values that are ordered."""
    share, total = values["share"], len(values["agreements"])
    sentence = (
        f"**{values['verdict'].capitalize()}**: the order of {len(of)} conditions is the same whatever the definition. "
        f'Of {total} comparisons with "{values["reference"]}" (definitions × collections), Kendall\'s tau is above '
        f"{values['agreed']:g} in {share['above']}, below it in {share['below']}, and on either side of it in "
        f"{share['across']}, at 95 % over seeds."
    )
    rows = [
        [
            each["definition"],
            each["collection"],
            f"{each['tau']:+.2f}",
            f"{np.mean(each['by_seed']):+.2f} [{each['interval'][0]:+.2f}, {each['interval'][1]:+.2f}]",
            f"{each['between_seeds']:+.2f}",
        ]
        for each in values["agreements"]
    ]
    agreements = grid(["definition", "collection", "tau", "by seed", "two seeds"], rows)
    explained = DEFINITIONS.format(reference=values["reference"], agreed=values["agreed"])
    return "\n\n".join([sentence, agreements, explained, *(_areas(of, place, names) for place in places)])


def _areas(of: Mapping[str, Mapping[str, Training]], place: str, names: Sequence[str]) -> str:
    """Means over seeds of every definition in a collection."""
    columns = [list(_means(table(of, place, w_auc(name)), len(of))) for name in names]
    rows = [[condition, *cells] for condition, *cells in zip(of, *columns, strict=True)]
    return f"W-AUC on {place}, means over seeds:\n\n{grid(['condition', *names], rows)}"


def _means(found: np.ndarray | None, count: int) -> list[str]:
    return [NOTHING] * count if found is None else [f"{mean:.4f}" for mean in found.mean(axis=0)]
