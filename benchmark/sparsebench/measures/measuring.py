"""A run and judgments -> one value per measure and query. The only module that imports ir_measures, and lazily.

Beside ir_measures' measures there are those of `sparsebench.measures.own`.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import math
import re
from collections.abc import Collection, Iterable, Mapping
from statistics import fmean
from subprocess import CalledProcessError
from typing import Any

from sparsebench.errors import SuiteError, did_you_mean, reason
from sparsebench.measures.own import OWN
from sparsebench.rank.run import untied
from sparsebench.types import PerQuery, Qrels, Run

COUNTS = ("NumQ", "NumRel", "NumRelRet", "NumRet")
"""Measures of ir_measures that are summed over queries."""
EXAMPLES = ("nDCG@10", "RR@10", "RR(rel=2)@10", "R@100", "AP@1000", "P@10", "Success@5", "Judged@10", *OWN)


def measure(
    run: Run,
    qrels: Qrels,
    names: Collection[str],
    *,
    depth: int | None = None,
    first_ranks: Mapping[str, int] | None = None,
) -> PerQuery:
    """Value of each measure for every query of `qrels`; 0 for a query that the run does not answer.

    depth: how long the run's lists could have been, by default the longest of them. A query whose relevant documents
    are not in the run has them at rank depth + 1 for MnR and MdR. Raises ScoreError for these when there is no depth.
    first_ranks: rank of the first relevant document of each query, counted on all scores, which MnR, MdR and RR then
    are of.
    Ties are broken here, once and by trec_eval's rule: the providers behind ir_measures disagree about them, and some
    compare scores as float32 (ir_measures issue 18). So all they see are ranks.
    """
    # A provider divides by the number of results, so a query without any must not reach it.
    answered = {query_id: dict(hits) for query_id, hits in untied(run).items() if query_id in qrels and hits}
    wanted = {name: _parse(name) for name in names if name not in OWN}
    values = _by_ir_measures(answered, qrels, set(wanted.values())) if wanted else {}
    return {
        name: values[wanted[name]] if name in wanted else OWN[name].values(answered, qrels, depth, first_ranks)
        for name in names
    }


def measure_each(
    run: Run, qrels: Qrels, names: Collection[str], *, depth: int | None, first_ranks: Mapping[str, int] | None = None
) -> tuple[PerQuery, dict[str, str]]:
    """Measure like `measure`, with the reason for each measure that fails: one costs no other."""
    try:
        return measure(run, qrels, names, depth=depth, first_ranks=first_ranks), {}
    except Exception:  # each provider has its own ways to fail; which one did is found out below
        found: dict[str, Mapping[str, float]] = {}
        failed = {}
        for name in names:
            try:
                found |= measure(run, qrels, [name], depth=depth, first_ranks=first_ranks)
            except CalledProcessError as error:
                failed[name] = f"{error.cmd[0]} ended with code {error.returncode}"  # its temporary files say nothing
            except Exception as error:
                failed[name] = reason(error)
        return found, failed


def refused_grades(names: Collection[str], grades: Collection[int]) -> dict[str, str]:
    """The reason for each measure that cannot take judgments of these grades: ERR knows none above 4.

    All are tried on one query with a document of each grade.
    """
    judged = {"q": {f"d{grade}": grade for grade in sorted(grades)}}
    ranked = {"q": {doc_id: float(grade) for doc_id, grade in judged["q"].items()}}
    _, failed = measure_each(ranked, judged, names, depth=len(judged["q"]))
    return failed


def aggregate(per_query: PerQuery) -> dict[str, float]:
    """One value a measure over all queries: the mean, the median for MdR, the sum for counts such as NumRet."""
    return {name: _aggregator(name)(values.values()) for name, values in per_query.items()}


def better_when_larger(name: str) -> bool:
    """Return whether more is better, as for all but ranks."""
    return name not in OWN or OWN[name].better_when_larger


def is_mean(name: str) -> bool:
    """Return whether a measure of a run is the mean over its queries: a median and a count are not. Loads no
    ir_measures.
    """
    return OWN[name].is_mean if name in OWN else _split(name)[0] not in COUNTS


def canonical(name: str) -> str:
    """Return a measure's name in ir_measures' spelling: `ndcg_cut_10`, `ndcg_at_10` and `NDCG@10` are `nDCG@10`.

    Raises SuiteError.
    """
    return name if name in OWN else str(_parse(name))


def check_measure_name(name: str) -> str | None:
    """Return what is wrong with a measure's name, None when nothing is: it is tried on a run of two documents."""
    try:
        measure({"1": {"a": 2.0, "b": 1.0}}, {"1": {"a": 1, "b": 0}}, [name])
    except SuiteError as error:
        return str(error)
    except Exception as error:  # each provider has its own way to say that it lacks perl, a package, a parameter
        return f"measure {name!r} cannot be computed here: {error}"
    return None


def deepest_cutoff(names: Iterable[str]) -> int:
    """The deepest rank that any of the measures cuts at; 0 when none does."""
    parsed = (_parse(name) for name in names if name not in OWN)
    return max((found.params.get("cutoff", 0) for found in parsed), default=0)


def _by_ir_measures(run: dict[str, dict[str, float]], qrels: Qrels, measures: set[Any]) -> dict[Any, dict[str, float]]:
    import ir_measures

    values: dict[Any, dict[str, float]] = {wanted: dict.fromkeys(qrels, 0.0) for wanted in measures}
    # gdeval, behind ERR, takes only numbers for query ids; so every provider sees numbers.
    numbers = {query_id: str(at) for at, query_id in enumerate(qrels, start=1)}
    query_ids = {number: query_id for query_id, number in numbers.items()}
    judged = {numbers[query_id]: dict(grades) for query_id, grades in qrels.items()}
    numbered = {numbers[query_id]: hits for query_id, hits in run.items()}
    for found in ir_measures.iter_calc(measures, judged, numbered):
        values[found.measure][query_ids[found.query_id]] = float(found.value)
    return values


def _aggregator(name: str) -> Any:
    if name in OWN:
        return OWN[name].aggregate
    import ir_measures

    # fsum and fmean round once, so that the order of queries makes no difference.
    return math.fsum if isinstance(_parse(name).aggregator(), ir_measures.SumAgg) else fmean


def _parse(name: str) -> Any:
    """The measure of ir_measures that a name in any of the field's spellings means. Raises SuiteError."""
    import ir_measures

    spelled = {known.casefold(): known for known in ir_measures.measures.registry}
    base, rest = _split(name)
    base = spelled.get(base.casefold(), base)
    try:
        found = ir_measures.parse_measure(base + rest)
        found.validate_params()
    except (NameError, ValueError, AssertionError):
        if trec := _trec(name):
            return trec
        raise SuiteError(f"unknown measure {name!r}.{_hint(base, rest)}") from None
    if found.params.get("cutoff", 1) < 1:
        raise SuiteError(f"measure {name!r}: the cutoff must be at least 1")
    return found


def _split(name: str) -> tuple[str, str]:
    """`ndcg_at_10` (mteb), `NDCG@10` (BEIR), `nDCG(judged_only=True)@10` -> the name, and what follows it."""
    spelled = re.sub(r"_at_(?=\d+$)", "@", name.strip())
    base = re.match(r"[^@(]*", spelled)
    assert base is not None
    return base[0], spelled[base.end() :]


def _trec(name: str) -> Any:
    """The measure of a trec_eval name that means one measure only (`P` means nine)."""
    import ir_measures

    with contextlib.suppress(ValueError), contextlib.redirect_stdout(io.StringIO()):
        found = ir_measures.parse_trec_measure(name)
        return found[0] if len(found) == 1 else None
    return None


def _hint(base: str, rest: str) -> str:
    """Suggest a name of a measure to write instead."""
    import ir_measures

    registry = ir_measures.measures.registry
    if found := registry.get(base):
        takes = [f"{name} (required)" if of.required else name for name, of in found.SUPPORTED_PARAMS.items()]
        return f" Write {found.__name__}(name=value)@cutoff with {', '.join(takes)}."
    close = difflib.get_close_matches(base + rest, [*(known + rest for known in registry), *OWN], n=1)
    return did_you_mean(base + rest, close or EXAMPLES)
