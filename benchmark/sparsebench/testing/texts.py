"""A sample collection: a few documents and queries with what trips models up."""

from __future__ import annotations

from sparsebench.types import Document, Query, Topics

DOCUMENTS = tuple(
    Document(f"d{number}", text)
    for number, text in enumerate(
        [
            "Bread rises because yeast turns sugar into gas.",
            "A sourdough starter is flour and water in which yeast lives.",
            "Sugar dissolves faster in hot water than in cold water.",
            "The tide is high twice a day: the moon pulls the water of the sea.",
            "Whales breathe air, so they come up from the sea.",
            "A whale shark is a fish. It is no whale!",
            "naïve café déjà-vu 42 °C",
            "bread " * 40,
            "?",
            "",
        ]
    )
)
"""Ten: accents and digits, one word forty times, no word, no text at all."""

QUERIES = tuple(
    Query(f"q{number}", text)
    for number, text in enumerate(
        ["why does bread rise", "hot water", "is a whale a fish", "moon tide sea", "café", ""],
    )
)
"""Six; the last has no text."""

QRELS = {
    "q0": {"d0": 2, "d1": 1},
    "q1": {"d2": 1},
    "q2": {"d5": 1, "d4": 0},
    "q3": {"d3": 1},
    "q4": {"d6": 1},
    "q5": {"d8": 1},
}

BANK = Topics(
    tuple(
        Query(f"b{number}", text)
        for number, text in enumerate(["yeast and sugar", "how does a whale breathe", "cold water", "flour for bread"])
    )
)
"""Four other queries, without judgments."""
