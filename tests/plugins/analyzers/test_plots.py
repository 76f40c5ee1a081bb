from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from sparsebench_plugins.analyzers.removal.figure import draw_removal
from sparsebench_plugins.analyzers.wackiness.report import draw_curve

FIXED = {"mass": [0.1, 0.9], "effect": [0.0, -0.1]}
ARMS = {
    "wackiest": FIXED,
    "least_wacky": FIXED,
    "random": FIXED | {"low": [-0.1, -0.2], "high": [0.1, 0.0]},
    "matched": FIXED | {"low": [-0.1, -0.2], "high": [0.1, 0.0]},
    "all_expansion": {"mass": 1.0, "effect": -0.2},
}


def drawings() -> list[str]:
    return [draw_curve(np.linspace(1, 0, 50), title="a title"), draw_removal([1, 200], ARMS, measure="nDCG@10")]


@pytest.mark.parametrize("number", [0, 1])
def test_a_plot_is_svg_with_its_words_as_text(number: int):
    words = {"".join(element.itertext()).strip() for element in ET.fromstring(drawings()[number]).iter()}
    assert ({"a title", "wackiness"}, {"least wacky", "change of nDCG@10"})[number] <= words


def test_the_same_values_give_the_same_bytes_in_another_process_and_under_other_settings(monkeypatch):
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_plots; print(*test_plots.drawings(), sep='')"
    folder = __file__.rpartition("/")[0]
    there = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True).stdout
    monkeypatch.setitem(mpl.rcParams, "lines.linewidth", 7)
    assert "".join(drawings()) + "\n" == there


def test_a_plot_says_neither_when_nor_by_which_version_it_was_drawn():
    for drawing in drawings():
        assert "<dc:date>" not in drawing
        assert mpl.__version__ not in drawing
