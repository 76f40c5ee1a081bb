"""`wackiness_definitions` (METHODS 2.6, H5): does the order of collections depend on how wackiness is defined?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from sparsebench import Analysis, Json, NotApplicable, Record, SuiteAnalyzer, SuiteContext
from sparsebench.statistics import kendall_tau
from sparsebench_plugins.analyzers.wackiness import definitions, first_robust

NOTHING = "–"
EXPLAINED = """\
Rank of the collection, W-AUC, and in brackets how many tokens were kept. tau: Kendall's, with the order that \
"{}" gives. Definitions do not share a scale: compare along a row."""


@dataclass(frozen=True, kw_only=True)
class WackinessDefinitions(SuiteAnalyzer):
    """W-AUC of a model on every collection, under every definition that the suite's `wackiness` analyses give.

    A definition is an analysis and a preset.

    Values by model: `reference`: the first definition whose preset is `robust`, else the first of all; `definitions`:
    `w_auc` and `n` by collection, `order` (the wackiest first) of those that have a W-AUC, and `tau`, Kendall's with
    the reference; None with fewer than three collections in both, or where all are equal.
    """

    collections: tuple[str, ...] = ()
    """Labels of those to order, all by default; leave out what shares its corpus with another."""

    def analyze(self, context: SuiteContext) -> Analysis:
        """Compare the definitions. Raises NotApplicable where there is no wackiness analysis."""
        by_model: dict[str, list[Record]] = {}
        for record in context.records:
            if not self.collections or record.cell.collection.label in self.collections:
                by_model.setdefault(record.cell.model.label, []).append(record)
        blocks = {model: _blocks(records) for model, records in by_model.items()}
        values = {model: _compared(found) for model, found in blocks.items() if found}
        if not values:
            raise NotApplicable("no record of these collections has a wackiness analysis")
        return Analysis(values, summary="\n\n".join(_section(model, found) for model, found in values.items()))


def _blocks(records: Sequence[Record]) -> dict[str, dict[str, Mapping[str, Json]]]:
    """Map definition -> collection -> the preset's values. An analysis does not depend on the postprocessor."""
    found: dict[str, dict[str, Mapping[str, Json]]] = {}
    for record in records:
        for definition, block in definitions(record).items():
            found.setdefault(definition, {})[record.cell.collection.label] = block
    return found


def _compared(blocks: Mapping[str, Mapping[str, Mapping[str, Json]]]) -> dict[str, Json]:
    areas = {
        definition: {label: block["w_auc"] for label, block in of.items() if block["w_auc"] is not None}
        for definition, of in blocks.items()
    }
    reference = first_robust(areas)
    compared = {
        definition: {
            "w_auc": {label: block["w_auc"] for label, block in blocks[definition].items()},
            "n": {label: block["n"] for label, block in blocks[definition].items()},
            "order": sorted(of, key=lambda label: -of[label]),
            "tau": kendall_tau(areas[reference], of),
        }
        for definition, of in areas.items()
    }
    return {"reference": reference, "definitions": compared}


def _section(model: str, values: Mapping[str, Json]) -> str:
    by_definition: Mapping[str, Mapping[str, Json]] = values["definitions"]
    labels = list(dict.fromkeys(label for of in by_definition.values() for label in of["w_auc"]))
    rows = [
        [definition, *(_cell(of, label) for label in labels), NOTHING if of["tau"] is None else f"{of['tau']:.2f}"]
        for definition, of in by_definition.items()
    ]
    table = tabulate(rows, ["definition", *labels, "tau"], tablefmt="github", disable_numparse=True)
    return f"### {model}\n\n{table}\n\n{EXPLAINED.format(values['reference'])}"


def _cell(of: Mapping[str, Json], label: str) -> str:
    if label not in of["order"]:
        return NOTHING
    return f"{of['order'].index(label) + 1}. {of['w_auc'][label]:.3f} ({of['n'][label]})"
