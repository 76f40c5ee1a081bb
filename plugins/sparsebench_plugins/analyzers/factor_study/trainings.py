"""Models of a suite that are trainings of one recipe: `h1[vocabulary=2000,seed=0]` says its condition and its seed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sparsebench import NotApplicable, Record

SEED = "seed"
_POINT = re.compile(r"(?P<recipe>[^\[\]]*)\[(?P<values>[^\[\]]*)\]")


@dataclass(frozen=True)
class Training:
    """One trained model. factors: what its recipe varies, but the seed. records: collection label -> record."""

    recipe: str
    factors: Mapping[str, str]
    seed: str
    records: Mapping[str, Record]

    @property
    def condition(self) -> str:
        """Name of the condition that all seeds share, for people."""
        return f"{self.recipe}[{','.join(f'{key}={value}' for key, value in self.factors.items())}]"


def trainings(records: Sequence[Record]) -> list[Training]:
    """List every model that names a seed, in the order of the records; one record a collection, whatever postprocessor.

    Raises NotApplicable where there is none.
    """
    by_model: dict[str, dict[str, Record]] = {}
    for record in records:
        by_model.setdefault(record.cell.model.label, {}).setdefault(record.cell.collection.label, record)
    found = [training for label, of in by_model.items() if (training := _training(label, of))]
    if not found:
        raise NotApplicable(
            "no model is a training of a recipe with seeds, with a label as `h1[vocabulary=2000,seed=0]`"
        )
    return found


def _training(label: str, records: Mapping[str, Record]) -> Training | None:
    point = _POINT.fullmatch(label)
    if point is None:
        return None
    factors = dict(each.split("=", 1) for each in point["values"].split(",") if "=" in each)
    seed = factors.pop(SEED, None)
    return None if seed is None else Training(point["recipe"], factors, seed, records)


def conditions(found: Sequence[Training]) -> dict[str, dict[str, Training]]:
    """Map condition -> seed -> training, with the seeds that every condition has.

    Raises NotApplicable with fewer than three such seeds: no deviation to speak of.
    """
    by_condition: dict[str, dict[str, Training]] = {}
    for training in found:
        by_condition.setdefault(training.condition, {})[training.seed] = training
    shared = [seed for seed in next(iter(by_condition.values())) if all(seed in of for of in by_condition.values())]
    if len(shared) < 3:
        raise NotApplicable(f"{len(shared)} seeds are there for every condition; a deviation needs three")
    return {condition: {seed: of[seed] for seed in shared} for condition, of in by_condition.items()}


def only_factor(found: Sequence[Training]) -> str:
    """Return the factor that the trainings vary beside the seed; raises NotApplicable unless it is one."""
    factors = list(dict.fromkeys(factor for training in found for factor in training.factors))
    if len(factors) != 1:
        raise NotApplicable(f"trainings vary {', '.join(factors) or 'nothing'}; say which under `factor`")
    return factors[0]


def levels(found: Sequence[Training], factor: str) -> dict[str, dict[str, Training]]:
    """Map level of the factor -> seed -> training; numbers ascend, `all` and other words follow.

    Raises NotApplicable where fewer than three levels are there, or something else varies too.
    """
    of_factor = [training for training in found if factor in training.factors]
    by_level = {}
    for of in conditions(of_factor).values() if of_factor else ():
        (level,) = {training.factors[factor] for training in of.values()}
        if level in by_level:
            raise NotApplicable(f"more than {factor!r} varies between the models that have it")
        by_level[level] = of
    if len(by_level) < 3:
        raise NotApplicable(f"a trend needs three levels, and {factor!r} has {len(by_level)}")
    return dict(sorted(by_level.items(), key=lambda item: _order(item[0])))


def _order(level: str) -> tuple[bool, float]:
    try:
        return False, float(level)
    except ValueError:
        return True, 0.0


def collections(found: Sequence[Training]) -> dict[str, str]:
    """Map collection label -> its domain, those in-domain first."""
    domain_of = {
        label: str(record.cell.collection.params["domain"])
        for training in found
        for label, record in training.records.items()
    }
    return dict(sorted(domain_of.items(), key=lambda item: item[1] != "in"))
