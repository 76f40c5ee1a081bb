from __future__ import annotations

from sparsebench.registry.docstrings import describe
from sparsebench.registry.parameters import schema


class Base:
    """Ranks anew.

    tau: temperature > 0, e.g. 0.5: the usual one. k, depth >= 1: how many; alpha, 0 to 1: how much. Raises ScoreError.
    """

    def __init__(self, *, tau: float, k: int = 1, depth: int = 1, alpha: float = 1.0, silent: bool = False) -> None: ...


class Derived(Base):
    """Ranks anew, with a bank. tau: not that of the base."""


def test_each_parameter_has_what_is_said_of_it_and_the_rest_is_prose() -> None:
    found = describe(Base, ["tau", "k", "depth", "alpha", "silent"])
    assert found.parameters == {
        "tau": "temperature > 0, e.g. 0.5: the usual one.",
        "k": "how many",
        "depth": "how many",
        "alpha": "how much.",
    }
    assert found.paragraphs == ("Ranks anew.", "Raises ScoreError.")


def test_what_a_class_does_not_say_its_base_does() -> None:
    found = describe(Derived, ["tau", "k", "depth", "alpha"])
    assert (found.parameters["tau"], found.parameters["alpha"]) == ("not that of the base.", "how much.")
    assert found.paragraphs == ("Ranks anew, with a bank.",)


def test_words_with_a_colon_that_name_no_parameter_are_prose() -> None:
    def factory() -> None:
        """What follows: nothing. k: neither."""

    assert describe(factory, []).paragraphs == ("What follows: nothing. k: neither.",)


def test_editors_are_told_what_a_parameter_means() -> None:
    assert schema(Base)["properties"]["alpha"]["description"] == "how much."
    assert "description" not in schema(Base)["properties"]["silent"]
