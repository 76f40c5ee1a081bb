"""The contract of plugins is never narrowed without a new API_VERSION.

`api_1.json` is what version 1 promised at the last release (`python tests/docs/test_stable.py` writes it down). More
may come; nothing may go, be renamed or move, and what comes must have a default.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import sparsebench
from rings import DOORS, public
from sparsebench.contracts import hookspecs
from sparsebench.testing import analyzers, collections, common, encoders, models, paired, postprocessors, scorers

PROMISED = Path(__file__).with_name(f"api_{hookspecs.API_VERSION}.json")
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "plugins" / "README.md"
RULES = (
    *common.COMMON,
    *models.RULES,
    *encoders.ENCODER_RULES,
    *encoders.FITTED_RULES,
    *paired.PAIRED_RULES,
    *scorers.SCORER_RULES,
    *postprocessors.RULES,
    *analyzers.RULES,
    *collections.RULES,
)


def contract() -> dict[str, Any]:
    """What `docs/plugins/README.md` calls stable. A parameter or field is a name, with `=` where it has a default."""
    named = {name: getattr(sparsebench, name) for name in sparsebench.__all__}
    # `Json` is typing.Any, which is a class of its own kind.
    classes = {name: value for name, value in named.items() if inspect.isclass(value) and value is not Any}
    return {
        "group": [hookspecs.PROJECT],
        "hooks": sorted(name for name, value in vars(hookspecs).items() if hasattr(value, "sparsebench_spec")),
        "names": sorted(sparsebench.__all__),
        "doors": sorted(f"{door}.{name}" for door in DOORS for name in public(door)),
        "checks": sorted({rule.__name__ for rule in RULES}),
        "signatures": {
            f"{name}{method and '.' + method}": parameters
            for name, cls in sorted(classes.items())
            for method, parameters in _signatures(cls).items()
        },
        "abstract": {name: sorted(getattr(cls, "__abstractmethods__", ())) for name, cls in sorted(classes.items())},
    }


def _signatures(cls: type) -> dict[str, str]:
    methods = {name: method for name, method in inspect.getmembers(cls, inspect.isfunction) if name[0] != "_"}
    own = {name: _parameters(method) for name, method in methods.items() if method.__module__.startswith("sparsebench")}
    return {"": _parameters(cls), **own} if dataclasses.is_dataclass(cls) else own


def _parameters(call: Callable[..., Any]) -> str:
    parameters = inspect.signature(call).parameters.values()
    return " ".join(each.name + ("" if each.default is each.empty else "=") for each in parameters)


def narrowed(promised: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Where `found` is less than what was promised."""
    lines = []
    for part in ("group", "hooks", "names", "doors", "checks"):
        lines += [f"{part}: {name} is gone" for name in promised[part] if name not in found[part]]
    for name, signature in promised["signatures"].items():
        parameters, now = signature.split(), found["signatures"].get(name, "").split()
        if now[: len(parameters)] != parameters:
            lines.append(f"{name} was {parameters}, and is {now}")
        elif needed := [each for each in now[len(parameters) :] if not each.endswith("=")]:
            lines.append(f"{name} now needs {needed}")
    for name, methods in promised["abstract"].items():
        lines += [f"plugins now need {name}.{new}" for new in found["abstract"].get(name, ()) if new not in methods]
    return lines


def test_nothing_that_was_promised_is_gone() -> None:
    assert narrowed(json.loads(PROMISED.read_text()), contract()) == []


Change = Callable[[dict[str, Any]], None]


def _change(now: dict[str, Any], name: str, pattern: str) -> None:
    now["signatures"][name] = pattern.format(now["signatures"][name])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda now: now["hooks"].remove("register_models"), "hooks: register_models is gone"),
        (lambda now: now["doors"].remove("sparsebench.rank.TopK"), "doors: sparsebench.rank.TopK is gone"),
        (lambda now: now["checks"].remove("the_same_twice"), "checks: the_same_twice is gone"),
        (lambda now: now["signatures"].pop("Postprocessor.fit"), "Postprocessor.fit was ['self', 'blocks', 'context']"),
        (lambda now: _change(now, "FitContext", "{} seed"), "FitContext now needs ['seed']"),
        (lambda now: _change(now, "FitContext", "seed= {}"), "FitContext was ['query_texts='"),
        (lambda now: now["abstract"]["Scorer"].append("load"), "plugins now need Scorer.load"),
    ],
)
def test_a_narrower_contract_is_found_out(change: Change, told: str) -> None:
    now = deepcopy(contract())
    change(now)
    (line,) = narrowed(contract(), now)
    assert line.startswith(told)


def test_a_wider_contract_keeps_the_promise() -> None:
    now = deepcopy(contract())
    now["hooks"].append("register_reports")
    _change(now, "FitContext", "{} seed=")
    assert narrowed(contract(), now) == []


def test_the_guide_names_the_version() -> None:
    assert f"`sparsebench.contracts.hookspecs.API_VERSION` is **{hookspecs.API_VERSION}**" in GUIDE.read_text()


if __name__ == "__main__":
    PROMISED.write_text(json.dumps(contract(), indent=1) + "\n")
