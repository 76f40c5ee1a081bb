"""The contract of an analyzer, rule by rule."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args

from sparsebench.contracts import Analysis, Analyzer, CellContext, GroupContext, NotApplicable
from sparsebench.contracts.analyzers import RESERVED_VALUES
from sparsebench.contracts.hookspecs import AnalyzerPlugin
from sparsebench.contracts.returned import checked_analysis
from sparsebench.provenance.digests import digest
from sparsebench.testing.checks import Check, ExpectedFailures, Subject, Violation, bind, require, run_all
from sparsebench.testing.common import COMMON, same_json
from sparsebench.testing.contexts import cell_context, group_context, suite_context
from sparsebench.testing.isolation import no_network
from sparsebench.testing.texts import DOCUMENTS, QUERIES
from sparsebench.types import Json, PerQuery

TOLERANCE = 1e-6

Analyzing = Subject[Any]


def analyzer_checks(make: Callable[[], Analyzer], *, expected_failures: ExpectedFailures | None = None) -> list[Check]:
    """The checks of an analyzer of any level: `make` makes one. It reads `sparsebench.testing.texts` with a toy model.

    expected_failures: names of checks -> why they are known to fail.
    """
    return bind((is_an_analyzer, *COMMON, *RULES), Subject(make), expected_failures)


def check_analyzer(make: Callable[[], Analyzer], *, expected_failures: ExpectedFailures | None = None) -> None:
    """Run `analyzer_checks`; raises Violation that lists all failures."""
    run_all(analyzer_checks(make, expected_failures=expected_failures))


def is_an_analyzer(analyzer: Analyzing) -> None:
    """It derives from sparsebench.GroupAnalyzer, CellAnalyzer or SuiteAnalyzer."""
    require(issubclass(analyzer.factory, get_args(Analyzer)), f"{analyzer.factory.__name__} is none of them")


def its_values_are_json(analyzer: Analyzing) -> None:
    """Values are JSON without NaN (numpy's numbers are turned into Python's), and no key is the harness's own."""
    found = _found(analyzer, _usual(analyzer))
    taken = sorted(RESERVED_VALUES & set(found.values))
    require(not taken, f"the keys {', '.join(taken)} are the harness's own")


def declares_what_it_has(plugin: AnalyzerPlugin, make: Callable[[], Analyzer]) -> None:
    """The values have the columns that are declared, and curve files can be drawn."""
    analyzing = Subject(make)
    found, shown = _analyze(analyzing, _usual(analyzing)), plugin.shown(make())
    if found is None:
        return
    missing = [f"{column.label!r} at `{column.path}`" for column in shown.missing(found.values)]
    require(not missing, f"no number, text or None is there for the columns {', '.join(missing)}")
    try:
        shown.check_files(found.files)
    except ValueError as error:
        raise Violation(str(error)) from error


def its_files_are_text_with_plain_names(analyzer: Analyzing) -> None:
    """Files are text, and their names hold no folder."""
    _found(analyzer, _usual(analyzer))


def the_same_twice(analyzer: Analyzing) -> None:
    """Two objects find the same, byte for byte: values, files and summary."""
    first, second = (_found(analyzer, _usual(analyzer)) for _ in range(2))
    same_json(dict(first.values), dict(second.values), "values")
    require(dict(first.files) == dict(second.files), "files differ")
    require(first.summary == second.summary, "the summary differs")


def inputs_stay_as_they_are(analyzer: Analyzing) -> None:
    """It writes to nothing it is given: vectors, judgments, rankings and records are shared by all analyzers.

    Where a run cannot refuse it (an array that shares the memory, a tensor made of one), digests tell.
    """
    context = _usual(analyzer)
    before = _digests(context)
    _analyze(analyzer, context)
    for name, found in _digests(context).items():
        require(found == before[name], f"it wrote to {name}")


def the_order_does_not_matter(analyzer: Analyzing) -> None:
    """Values do not depend on the order of documents or queries, but for rounding."""
    found = _found(analyzer, _usual(analyzer)).values
    again = _found(analyzer, _shuffled(analyzer)).values
    for path, value in _flat(again):
        expected = dict(_flat(found)).get(path)
        require(_alike(value, expected), f"{path} is {value!r} in another order, and was {expected!r}")


def little_to_read_is_no_error(analyzer: Analyzing) -> None:
    """An analyzer finds something or raises NotApplicable without a bank, of one document, query or record."""
    for what, context in _scarce(analyzer).items():
        try:
            checked_analysis(analyzer.make().analyze(context), f"{analyzer.factory.__name__} of {what}")
        except NotApplicable:
            continue
        except Exception as error:
            error.add_note(f"this was {what}")
            raise


def it_needs_no_network(analyzer: Analyzing) -> None:
    """Analyzing touches no network."""
    with no_network():
        _analyze(analyzer, _usual(analyzer))


def _usual(analyzer: Analyzing) -> Any:
    level = analyzer.factory.level
    if level == "suite":
        return suite_context()
    return group_context() if level == "group" else cell_context(group_context())


def _shuffled(analyzer: Analyzing) -> Any:
    if analyzer.factory.level == "suite":
        usual = suite_context()
        return replace(usual, per_query=lambda record: _backwards(usual.per_query(record)))
    group = group_context(documents=DOCUMENTS[::-1], queries=QUERIES[::-1])
    return group if analyzer.factory.level == "group" else cell_context(group)


def _backwards(per_query: PerQuery) -> PerQuery:
    return {measure: dict(list(values.items())[::-1]) for measure, values in per_query.items()}


def _scarce(analyzer: Analyzing) -> Mapping[str, Any]:
    if analyzer.factory.level == "suite":
        usual = suite_context()
        return {"one record": replace(usual, records=usual.records[:1]), "no record": replace(usual, records=())}
    groups = {
        "no bank": group_context(bank=None),
        "one document": group_context(documents=DOCUMENTS[:1]),
        "one query": group_context(queries=QUERIES[:1]),
        "a query without terms": group_context(queries=QUERIES[-1:]),
        "a document without terms": group_context(documents=DOCUMENTS[-1:]),
        "a model that does not expand": group_context(expands_queries=False),
    }
    if analyzer.factory.level == "group":
        return groups
    return {what: cell_context(group) for what, group in groups.items()}


def _analyze(analyzer: Analyzing, context: Any) -> Analysis | None:
    """Return the analyzer's result; None where it does not apply."""
    try:
        return checked_analysis(analyzer.make().analyze(context), analyzer.factory.__name__)
    except NotApplicable:
        return None


def _found(analyzer: Analyzing, context: Any) -> Analysis:
    found = _analyze(analyzer, context)
    return Analysis({}) if found is None else found


def _digests(context: Any) -> dict[str, str]:
    """Return digests of all that could be written to, by name."""
    if isinstance(context, GroupContext):
        vectors = {"document_vectors": context.document_vectors, "query_vectors": context.query_vectors}
        arrays = {f"{name}.{part}": getattr(found, part) for name, found in vectors.items() for part in _PARTS}
        arrays["doc_ids"] = context.doc_ids
        judged = {"test.qrels": context.test.qrels, "bank.qrels": context.bank.qrels if context.bank else {}}
        digests = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
        return digests | {name: _digest_of(qrels) for name, qrels in judged.items()}
    if isinstance(context, CellContext):
        return {"run": _digest_of(context.run), "qrels": _digest_of(context.qrels)}
    return {"records": digest([record.model_dump(mode="json") for record in context.records])}


_PARTS = ("data", "indices", "indptr")


def _digest_of(values: Mapping[str, Mapping[str, Json]]) -> str:
    return digest([[key, *inner.items()] for key, inner in values.items()])


def _flat(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Leaves of a JSON value, each with its path."""
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _flat(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from _flat(each, f"{path}[{place}]")
    else:
        yield path, value


def _alike(value: Json, expected: Json) -> bool:
    if isinstance(value, float) and isinstance(expected, float | int):
        return math.isclose(value, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(value == expected)


RULES = (
    its_values_are_json,
    its_files_are_text_with_plain_names,
    the_same_twice,
    inputs_stay_as_they_are,
    the_order_does_not_matter,
    little_to_read_is_no_error,
    it_needs_no_network,
)
