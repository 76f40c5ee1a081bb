"""What became of an injection, counted."""

from __future__ import annotations

from collections.abc import Iterable

from torture.subject import Finished

LAST = 600
"""Characters of an output that a note keeps."""


def judged(finished: Iterable[Finished], *, ok: bool, same: bool, note: str = "") -> dict[str, object]:
    """ok: whether the last command made everything again. same: whether what is there is what should be."""
    every = list(finished)
    traceback = any(each.traceback for each in every)
    hang = any(each.hung for each in every)
    good = ok and same and not traceback and not hang
    text = "" if good else " | ".join([note, *(f"rc {each.code}: {each.text[-LAST:]}" for each in every)])
    return {
        "survived": int(good),
        "lost": int(not ok),
        "wrong": int(ok and not same),
        "traceback": int(traceback),
        "hang": int(hang),
        "note": text,
    }
