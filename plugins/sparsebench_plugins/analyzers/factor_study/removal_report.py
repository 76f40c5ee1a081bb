"""Report of `factor_removal`: verdict and the interaction of every condition."""

from __future__ import annotations

from collections.abc import Mapping

from sparsebench import Json
from sparsebench_plugins.analyzers.factor_study.tables import bounds, grid, number, p_value

REMOVAL = """\
Effects are the statistic of METHODS 2.5 (mean change of {measure} over the grid of K on a log scale), wackiest minus \
matched random: negative where the wackiest tokens are missed more. Intervals are Student's over seeds, p is one-sided \
(the interaction is below 0), Holm's correction is over the conditions; the mean over conditions alone was declared. \
found with .8: the interaction that a two-sided t test over these seeds finds four times in five. Not supported: the \
seeds exclude an interaction beyond −{margin:g}."""


def removal_summary(values: Mapping[str, Json], domain_of: Mapping[str, str]) -> str:
    """Verdict and the table of conditions."""
    first = values["interactions"][0]
    inside, outside = (", ".join(label for label, of in domain_of.items() if of == domain) for domain in ("in", "out"))
    sentence = (
        f"**{first['verdict'].capitalize()}**: removing the wackiest tokens, beyond matched random ones, hurts more "
        f"in-domain ({inside}) than out of it ({outside}). Over {first['seeds']} seeds the interaction is "
        f"{first['interaction']:+.4f} {bounds(first['interval'])}, p {p_value(first['p'])}; this design finds one of "
        f"{number(first['detectable'])} with probability .8, and {values['margin']:g} is the least taken to matter."
    )
    rows = [
        [
            each["condition"],
            f"{each['in_domain']:+.4f}",
            f"{each['out_of_domain']:+.4f}",
            f"{each['interaction']:+.4f} {bounds(each['interval'])}",
            p_value(each["p"]),
            p_value(each["p_holm"]),
            number(each["detectable"]),
            each["verdict"],
        ]
        for each in values["interactions"]
    ]
    headers = ["condition", "in-domain", "out-of-domain", "in − out", "p", "p (Holm)", "found with .8", "verdict"]
    left_out = [f"Left out: {condition}: {reason}." for condition, reason in values["left_out"].items()]
    return "\n\n".join(
        [sentence, grid(headers, rows), *left_out, REMOVAL.format(measure=values["measure"], margin=values["margin"])]
    )
