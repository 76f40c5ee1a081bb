from __future__ import annotations

import subprocess
import sys

import pytest

from sparsebench.errors import PluginError
from sparsebench.testing import Check, ExpectedFailure, Violation
from sparsebench.testing.checks import bind, require, run_all


def it_is_even(number: int) -> None:
    """Half of it is whole."""
    require(number % 2 == 0, f"{number} is odd")


def it_divides_ten(number: int) -> None:
    """Ten is a multiple of it."""
    require(10 % number == 0, f"10 / {number} is not whole")


RULES = (it_is_even, it_divides_ten)


def test_a_rule_becomes_a_check_with_its_name_and_its_sentence() -> None:
    check = bind(RULES, 4, None)[0]
    assert (str(check), check.rule) == ("it_is_even", "Half of it is whole.")
    check()


def test_a_broken_rule_raises_what_broke_it() -> None:
    with pytest.raises(Violation, match=r"^3 is odd$"):
        bind(RULES, 3, None)[0]()
    with pytest.raises(ZeroDivisionError):
        bind(RULES, 0, None)[1]()


def test_all_failures_are_told_at_once_with_their_rules() -> None:
    with pytest.raises(Violation) as error:
        run_all(bind(RULES, 3, None))
    assert str(error.value).splitlines() == [
        "2 of 2 checks failed",
        "it_is_even: Half of it is whole.",
        "  Violation: 3 is odd",
        "it_divides_ten: Ten is a multiple of it.",
        "  Violation: 10 / 3 is not whole",
    ]


def test_an_expected_failure_warns_and_passes() -> None:
    checks = bind(RULES, 5, {"it_is_even": "fives are odd"})
    with pytest.warns(ExpectedFailure, match=r"it_is_even fails as expected \(fives are odd\): 5 is odd"):
        run_all(checks)


def test_an_expected_failure_that_is_gone_is_told() -> None:
    with pytest.raises(Violation, match=r"it_is_even passes, and was expected to fail \(once odd\)"):
        bind(RULES, 4, {"it_is_even": "once odd"})[0]()


def test_an_expected_failure_of_an_unknown_check_is_a_mistake() -> None:
    with pytest.raises(PluginError, match=r"there is no check 'it_is_evn' here. Did you mean 'it_is_even'"):
        bind(RULES, 4, {"it_is_evn": ""})


def test_a_check_can_be_asked_instead_of_called() -> None:
    error = ValueError("no")

    def fail() -> None:
        raise error

    assert Check("name", "rule", fail).failure() is error
    assert bind(RULES, 4, None)[0].failure() is None


def test_importing_the_kit_imports_neither_torch_nor_pytest() -> None:
    code = "import sys, sparsebench.testing; print({'torch', 'pytest', 'transformers'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"set()\n"
