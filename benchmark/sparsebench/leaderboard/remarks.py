"""Remarks above the table of a collection, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sparsebench.leaderboard.figures import NOTHING
from sparsebench.measures.own import OF_ALL_RANKS
from sparsebench.records import FIRST_RANKS_FILE, Record
from sparsebench.types import Json

HINTS = {"queries_that_rank_their_own_id_first": " (`drop_own_id: true` leaves such hits out)"}
"""What to do about a count."""


def description(records: Sequence[Record]) -> str:
    """Describe a table's collection, what was passed over there, and what a reader must know of single rows."""
    record = next((record for record in records if record.status == "ok"), records[0])
    facts = record.provenance.collection
    domain = {"in": "In-domain. ", "out": "Out-of-domain. "}.get(record.cell.collection.params["domain"], "")
    counts = (facts.documents, facts.queries) if facts else (NOTHING, NOTHING)
    parts = ["{} documents, {} test queries".format(*counts)]
    shared = _shared_counts(records)
    parts += [f"{count} {name.replace('_', ' ')}{HINTS.get(name, '')}" for name, count in shared.items()]
    candidates = {record.cell.candidates for record in records}
    ranked = f" Candidates: {candidates.pop()}." if len(candidates) == 1 else ""
    deep = f"Runs are {record.cell.depth} deep."
    said = "".join([_cut_ranks(records), _remarks(records), _counts_of_rows(records, shared)])
    return f"{domain}{'; '.join(parts)}. {deep}{ranked}{said}"


def _shared_counts(records: Sequence[Record]) -> dict[str, Json]:
    """Return the counts of a collection that are the same in all rows, zeros left out; of a bank, in all rows that read
    it.
    """
    counts = [record.provenance.collection.counts for record in records if record.provenance.collection]
    values: dict[str, list[Json]] = {}
    for each in counts:
        for name, count in each.items():
            values.setdefault(name, []).append(count)
    return {
        name: found[0]
        for name, found in values.items()
        if found[0] and len(set(found)) == 1 and (len(found) == len(counts) or name.startswith("bank_"))
    }


def _counts_of_rows(records: Sequence[Record], shared: Mapping[str, Json]) -> str:
    """Describe what was counted for some rows alone, as queries without a term of their model."""
    rows = [(record, facts.counts) for record in records if (facts := record.provenance.collection)]
    said: dict[tuple[str, Json], dict[str, None]] = {}
    for record, counts in rows:
        of_model = [each for other, each in rows if other.cell.model.label == record.cell.model.label]
        for name, count in counts.items():
            if count and name not in shared:
                alike = all(each.get(name) == count for each in of_model)
                who = record.cell.model.label if alike else row_name(record)
                said.setdefault((name, count), {})[who] = None
    return "".join(
        f" {_listed(list(who))}: {count} {name.replace('_', ' ')}{HINTS.get(name, '')}."
        for (name, count), who in said.items()
    )


def _cut_ranks(records: Sequence[Record]) -> str:
    """Name the rows whose ranks of the first relevant document were not counted on all scores."""
    cut = [record for record in records if FIRST_RANKS_FILE not in record.files and _is_cut(record)]
    names = list(dict.fromkeys(name for record in cut for name in record.measures if name in OF_ALL_RANKS))
    if not names:
        return ""
    rows = dict.fromkeys(record.cell.model.label for record in cut)
    which = f" of {_listed(list(rows))}" if len(cut) < len(records) or len(rows) == 1 else ""
    depth = cut[0].cell.depth
    return f" {_listed(names)}{which} are of ranks to {depth} alone: what comes later counts as {depth + 1} at most."


def _remarks(records: Sequence[Record]) -> str:
    """Test scores below 0 that a correction turns round, and first places that nothing but a document id decides."""
    said = []
    for record in records:
        facts = record.provenance.postprocessing
        negative, scores = facts.get("negative_test_scores", 0), facts.get("test_scores", 0)
        row = row_name(record)
        if negative and scores:
            said.append(
                f" {row}: {negative / scores:.1%} of the test scores are below 0, where the correction turns round."
            )
        if close := facts.get("first_places_near", 0):
            said.append(f" {row}: {close} first places are closer than float64 can tell.")
    return "".join(said)


def row_name(record: Record) -> str:
    """Return a row's name in remarks."""
    return f"{record.cell.model.label} + {record.cell.postprocessor.label}"


def _is_cut(record: Record) -> bool:
    """Return whether a run may be shorter than all that could be ranked."""
    facts = record.provenance.collection
    return record.status == "ok" and (facts is None or facts.documents > record.cell.depth)


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
