"""A sound analyzer of each level passes every check, and for each check there is one that it finds out."""

from __future__ import annotations

import contextlib
import itertools
import math
import socket
from typing import Any

import pytest

from sparsebench import Analysis, CellAnalyzer, GroupAnalyzer, GroupContext, NotApplicable, SuiteAnalyzer
from sparsebench.testing import analyzer_checks, check_analyzer
from sparsebench.testing.analyzers import RULES
from sparsebench.types import Json


class Sound(GroupAnalyzer):
    def values(self, context: GroupContext) -> dict[str, Json]:
        return {"weight": float(context.document_vectors.sum())}

    def analyze(self, context: GroupContext) -> Analysis:
        return Analysis(self.values(context), {"weights.csv": "1\n"}, "a line")


class SoundCell(CellAnalyzer):
    def analyze(self, context: Any) -> Analysis:
        return Analysis({"hits": sum(map(len, context.run.values()))})


class SoundSuite(SuiteAnalyzer):
    def analyze(self, context: Any) -> Analysis:
        if len(context.records) < 2:
            raise NotApplicable("nothing to compare")
        return Analysis({"best": max(record.measures["nDCG@10"] for record in context.records)})


class NotANumber(Sound):
    def values(self, context: GroupContext) -> dict[str, Json]:
        return {"weight": math.nan}


class Reserved(Sound):
    def values(self, context: GroupContext) -> dict[str, Json]:
        return {"summary": 1}


class Elsewhere(Sound):
    def analyze(self, context: GroupContext) -> Analysis:
        return Analysis({}, {"../weights.csv": ""})


class Turning(Sound):
    turns = itertools.count()

    def analyze(self, context: GroupContext) -> Analysis:
        return Analysis({}, {}, f"turn {next(self.turns)}")


class Writing(Sound):
    def values(self, context: GroupContext) -> dict[str, Json]:
        context.document_vectors.data *= 2
        return {}


class FirstOnly(Sound):
    def values(self, context: GroupContext) -> dict[str, Json]:
        return {"weight": float(context.document_vectors[:1].sum())}


class FirstQuery(SuiteAnalyzer):
    def analyze(self, context: Any) -> Analysis:
        return Analysis({"first": next(iter(context.per_query(context.records[0])["nDCG@10"].values()))})


class NeedsBank(Sound):
    def values(self, context: GroupContext) -> dict[str, Json]:
        return {"bank": len(context.bank.queries)}  # type: ignore[union-attr]


class Calling(Sound):
    def values(self, context: GroupContext) -> dict[str, Json]:
        with contextlib.suppress(OSError):
            socket.create_connection(("example.invalid", 80))
        return {}


OFFENDERS: list[tuple[str, Any]] = [
    ("is_an_analyzer", type("NoAnalyzer", (), {"level": "group"})),
    ("its_values_are_json", NotANumber),
    ("its_values_are_json", Reserved),
    ("its_files_are_text_with_plain_names", Elsewhere),
    ("the_same_twice", Turning),
    ("inputs_stay_as_they_are", Writing),
    ("the_order_does_not_matter", FirstOnly),
    ("the_order_does_not_matter", FirstQuery),
    ("little_to_read_is_no_error", NeedsBank),
    ("it_needs_no_network", Calling),
]


@pytest.mark.parametrize(("name", "offender"), OFFENDERS)
def test_an_analyzer_that_breaks_a_rule_is_found_out_by_its_check(name: str, offender: Any) -> None:
    (check,) = [check for check in analyzer_checks(offender) if str(check) == name]
    assert check.failure() is not None


def test_every_rule_has_an_analyzer_that_breaks_it() -> None:
    assert {"is_an_analyzer", *(rule.__name__ for rule in RULES)} == {name for name, _ in OFFENDERS}


@pytest.mark.parametrize("sound", [Sound, SoundCell, SoundSuite])
def test_a_sound_analyzer_passes_every_check(sound: type[Any]) -> None:
    check_analyzer(sound)


def test_what_there_was_little_of_is_told() -> None:
    (check,) = [check for check in analyzer_checks(NeedsBank) if str(check) == "little_to_read_is_no_error"]
    error = check.failure()
    assert error is not None
    assert error.__notes__ == ["this was no bank"]
