from __future__ import annotations

import csv
import io

import numpy as np

from sparsebench_plugins.analyzers.wackiness.report import curve_table, token_table
from sparsebench_plugins.analyzers.wackiness.scores import TokenScores


def table(n: int, word_vocabulary) -> list[dict[str, str]]:
    utilities = np.maximum(np.arange(n) - 2.0, 0)
    scores = TokenScores(
        terms=np.arange(n),
        utilities=utilities,
        occurrences=np.array([4, 9, 5] + [4] * (n - 3)),
        masses=np.full(n, 18.0),
        normaliser=utilities.max(),
        wackiness=1 - utilities / utilities.max(),
    )
    words = ["plain", 'quo"te', "com,ma"] + [f"w{i}" for i in range(3, n)]
    return list(csv.DictReader(io.StringIO(token_table(scores, word_vocabulary(words), np.arange(n)))))


def test_the_twenty_most_and_least_wacky_tokens_are_listed(word_vocabulary):
    rows = table(100, word_vocabulary)
    assert [row["end"] for row in rows] == ["most"] * 20 + ["least"] * 20
    assert [row["term_id"] for row in rows[20:23]] == ["99", "98", "97"]


def test_of_equally_wacky_tokens_those_that_occur_most_come_first(word_vocabulary):
    assert [row["token"] for row in table(100, word_vocabulary)[:4]] == ['quo"te', "com,ma", "plain", "w3"]


def test_a_row_says_what_was_measured(word_vocabulary):
    row = table(5, word_vocabulary)[0]
    assert row == {
        "end": "most",
        "term_id": "1",
        "token": 'quo"te',
        "wackiness": "1.000000",
        "u": "0.000000",
        "occurrences": "9",
        "mean_weight": "2.000000",
        "df": "1",
    }


def test_few_tokens_are_listed_at_both_ends(word_vocabulary):
    assert len(table(5, word_vocabulary)) == 10


def test_the_curve_goes_from_the_first_token_to_the_last():
    assert curve_table(np.array([1, 0.5, 0])) == "tokens,wackiness\n0,1.000000\n0.5,0.500000\n1,0.000000\n"
    assert curve_table(np.array([0.5])) == "tokens,wackiness\n0,0.500000\n"
