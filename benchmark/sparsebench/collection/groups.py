"""Groups of documents that are one answer, as the captions of a video are (METHODS 3.8b)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sparsebench.collection.entries import checked_id
from sparsebench.contracts import CollectionSource
from sparsebench.errors import CollectionError
from sparsebench.lines import Mistakes, parse_lines
from sparsebench.provenance.digests import digest
from sparsebench.suite import CollectionSpec
from sparsebench.types import Json, Qrels

OF_THE_SOURCE = Path("source")
"""What a suite writes for the groups that a plugin's collection knows by itself."""


@dataclass(frozen=True)
class Groups:
    """Groups of documents; a document without one is a group of its own, by its own id."""

    of: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of the whole mapping."""
        return digest(sorted(self.of.items()))

    def ids(self, doc_ids: np.ndarray) -> np.ndarray:
        """The group of each of doc_ids (D,), UTF-8 bytes."""
        return np.array([self.of.get(doc_id.decode(), "").encode() or doc_id for doc_id in doc_ids.tolist()], np.bytes_)

    def judged(self, qrels: Qrels) -> Qrels:
        """Judgments of groups: the best grade of any member."""
        found: dict[str, dict[str, int]] = {}
        for query_id, grades in qrels.items():
            groups = found.setdefault(query_id, {})
            for doc_id, grade in grades.items():
                group = self.of.get(doc_id, doc_id)
                groups[group] = max(grade, groups.get(group, grade))
        return found

    def counts(self, doc_ids: np.ndarray) -> dict[str, Json]:
        """Return counts for the record: groups, documents of none, and members that are no documents."""
        grouped = np.isin(doc_ids, np.array([doc_id.encode() for doc_id in self.of], dtype=np.bytes_))
        return {
            "document_groups": len(np.unique(self.ids(doc_ids))),
            "documents_of_no_group": int((~grouped).sum()),
            "group_members_not_among_documents": len(self.of) - int(grouped.sum()),
        }


def read_groups(spec: CollectionSpec, source: CollectionSource) -> Groups | None:
    """The groups that a suite asks for, None where it asks for none. Raises CollectionError.

    A file has `doc_id<TAB>group` lines; `source` stands for those that the collection itself knows.
    """
    if spec.document_groups is None:
        return None
    if spec.drop_own_id:
        raise CollectionError(f"{spec.name}: drop_own_id is about documents, and with document_groups runs list groups")
    if spec.document_groups.name == OF_THE_SOURCE.name:
        found = source.groups()
        if not found:
            raise CollectionError(
                f"{spec.name}: document_groups: source, and this collection knows no groups of documents. Name a file "
                "of doc_id<TAB>group lines, or leave it out"
            )
        return Groups(found)
    if not spec.document_groups.is_file():
        raise CollectionError(f"{spec.name}: document_groups: there is no file {spec.document_groups}")
    return Groups(_read(spec.document_groups))


def _read(path: Path) -> Mapping[str, str]:
    groups: dict[str, str] = {}
    with Mistakes() as mistakes:
        for number, (doc_id, group) in parse_lines(path, _pair, mistakes):
            if groups.setdefault(doc_id, group) != group:
                mistakes.add(f"{path}:{number}", f"document {doc_id!r} is already in group {groups[doc_id]!r}")
        if not groups:
            mistakes.add(f"{path}:1", "there are no groups")
    return groups


def _pair(line: str) -> tuple[str, str]:
    fields = line.split("\t")
    if len(fields) != 2:
        raise ValueError(f"a line is doc_id<TAB>group, this one has {len(fields)} columns")
    return checked_id(fields[0]), checked_id(fields[1])
