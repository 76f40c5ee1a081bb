"""Two systems on every collection, query by query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sparsebench import Domain, NotApplicable, Record, SuiteContext
from sparsebench.errors import did_you_mean
from sparsebench.statistics import paired_samples, sign_flip_p
from sparsebench_plugins.analyzers.domain_gap.gap import Effect, Gap, measure_gap

System = tuple[str, str]
"""Labels of a model and a postprocessor."""

Values = Mapping[str, Mapping[str, Mapping[str, float]]]
"""system -> collection -> query_id -> value."""


def system_gaps(context: SuiteContext, systems: Sequence[System], measure: str) -> Iterator[Gap]:
    """Yield every system minus the first of `systems`; without any, every other system minus the suite's baseline.

    Raises NotApplicable where a system or the measure is not there, or nothing is left to compare with.
    """
    values = _values(context, measure)
    first, *others = map(_name, systems or _default(context))
    for system in (first, *others):
        if system not in values:
            raise NotApplicable(f"the suite has no result of {system!r}.{did_you_mean(system, values)}")
    for system in others or [system for system in values if system != first]:
        yield _gap(values, system, first, domains(context.records))


def domains(records: Sequence[Record]) -> dict[str, Domain]:
    """Map collection -> `in` or `out`, in the order of the records."""
    return {record.cell.collection.label: record.cell.collection.params["domain"] for record in records}


def _gap(values: Values, system: str, first: str, domain_of: Mapping[str, Domain]) -> Gap:
    shared = [label for label in domain_of if label in values[system] and label in values[first]]
    effects = []
    for label in shared:
        samples = paired_samples({name: values[name] for name in (first, system)}, label, baseline=first)
        differences = samples[system] - samples[first]
        effects.append(Effect(label, domain_of[label], differences, sign_flip_p(differences)))
    missing = [label for label in domain_of if label not in shared]
    lacking = f"an incomplete row has no mean: nothing to compare on {', '.join(missing)}" if missing else None
    return measure_gap(f"{system} − {first}", effects, lacking=lacking)


def _values(context: SuiteContext, measure: str) -> Values:
    values: dict[str, dict[str, Mapping[str, float]]] = {}
    for record in context.records:
        per_query, label = context.per_query(record), record.cell.collection.label
        if measure not in per_query:
            raise NotApplicable(
                f"{label} is measured with {', '.join(per_query)}, not {measure}: domains need one measure"
            )
        values.setdefault(_name(_system(record)), {})[label] = per_query[measure]
    return values


def _default(context: SuiteContext) -> Sequence[System]:
    if context.baseline is None:
        raise NotApplicable("the suite has no baseline; name one, or the `systems` to compare")
    others = dict.fromkeys(map(_system, context.records))
    if len(others) < 2:
        raise NotApplicable("there is one system alone, and nothing to compare it with")
    return [context.baseline]


def _system(record: Record) -> System:
    return record.cell.model.label, record.cell.postprocessor.label


def _name(system: System) -> str:
    return " + ".join(system)
