"""A light parent and the children that do its tasks: whatever a plugin does to its process, the others go on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from errands import EndOutside, Nested, Perform, Raise, Square
from sparsebench.errors import SparsebenchError
from sparsebench.execution import Executor, Here, Local
from sparsebench.execution.death import how_it_ended, place
from sparsebench.execution.local import ChildBroken


@pytest.fixture
def local() -> Iterator[Local]:
    with closing(Local()) as executor:
        yield executor


def test_results_come_in_the_order_of_the_tasks_from_one_process_that_is_not_this_one(local: Local) -> None:
    results = [*local.map([Square(3), Square(1)]), *local.map([Square(2)])]
    assert [square for square, _ in results] == [9, 1, 4]
    (process,) = {process for _, process in results}
    assert process != os.getpid()


def test_several_workers_work_at_once_and_results_still_come_in_order() -> None:
    with closing(Local(workers=2)) as executor:
        results = list(executor.map([Square(3, seconds=0.5), Square(1), Square(2)]))
    assert [square for square, _ in results] == [9, 1, 4]
    assert len({process for _, process in results}) == 2


def test_in_process_everything_happens_here() -> None:
    executor: Executor = Here()
    assert list(executor.map([Square(3)])) == [(9, os.getpid())]
    executor.close()


WAYS = {
    "exits": "it ended the process with exit code 0; a plugin must not",
    "exits with a code": "it ended the process with exit code 7",
    "segmentation fault": "the process died of SIGSEGV at errands.py:",
    "reads what is not there": "the process died of SIGSEGV at",
    "killed": "the process died of SIGKILL: did the memory run out?",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_call_that_ends_the_process_fails_by_name_and_is_not_made_again(
    local: Local, tmp_path: Path, way: str
) -> None:
    (found,) = local.map([Perform(way, tmp_path / "log")])
    assert (found[0], found[2]) == ("before: ok", "after: ok")
    assert found[1].startswith(f"ends: Plugin.ends: {WAYS[way]}")
    assert (tmp_path / "log").read_text().split() == ["before", "ends", "before", "after"]


@pytest.mark.parametrize("way", ["hangs", "hangs in C"])
def test_a_call_that_outlasts_its_time_is_ended_and_the_message_says_where_it_was(tmp_path: Path, way: str) -> None:
    with closing(Local(time_limit=1)) as executor:
        (found,) = executor.map([Perform(way, tmp_path / "log")])
    assert found[0].endswith("ok")
    assert found[2].endswith("ok")
    assert re.search(r"Plugin.ends: it had not ended after 1 s \(--plugin-timeout\) at \w+\.py:\d+, in \w+$", found[1])


def test_a_call_belongs_to_the_one_around_it_unless_it_has_a_key_of_its_own(local: Local) -> None:
    assert list(local.map([Nested("first"), Nested("second")])) == [["died", "ok"], ["ok", "ok"]]


def test_a_mistake_of_the_user_comes_back_as_its_message_and_others_with_their_traceback(local: Local) -> None:
    with pytest.raises(SparsebenchError, match=r"^toy\.yaml:1:1: a mistake$"):
        list(local.map([Raise("a mistake")]))
    with pytest.raises(ChildBroken, match=r"(?s)Traceback.*KeyError: 'ours'"):
        list(local.map([Raise("a fault of ours")]))
    with pytest.raises(ChildBroken, match="SystemExit: 0"):
        list(local.map([Raise("an exit")]))
    assert next(local.map([Square(2)]))[0] == 4  # a new process takes over


def test_a_process_that_ends_outside_of_any_call_is_a_fault_of_ours(local: Local) -> None:
    with pytest.raises(ChildBroken, match=r"ended outside of any plugin: .* exit code 0"):
        list(local.map([EndOutside()]))


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from contextlib import closing
from errands import Linger
from sparsebench.execution import Local
with closing(Local()) as executor:
    list(executor.map([Linger(Path({note!r}))]))
"""


def lingering(tmp_path: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A process whose child waits, and the child."""
    note = tmp_path / "note"
    script = SCRIPT.format(tests=str(Path(__file__).parents[2]), note=str(note))
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (note.is_file() and note.read_text()):
        assert time.monotonic() < deadline, "the child did not begin"
        time.sleep(0.05)
    return parent, int(note.read_text())


def is_gone(process: int) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if "\nState:\tZ" in Path(f"/proc/{process}/status").read_text():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("whom", ["the parent", "both"])
def test_an_interruption_lets_the_child_tidy_up_once(tmp_path: Path, whom: str) -> None:
    parent, child = lingering(tmp_path)
    if whom == "both":  # as a terminal does: the child leaves it to its parent
        os.kill(child, signal.SIGINT)
    parent.send_signal(signal.SIGINT)
    assert parent.wait(30) != 0
    assert is_gone(child)
    assert (tmp_path / "note.tidy").exists()


def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    parent, child = lingering(tmp_path)
    parent.kill()
    parent.wait()
    assert is_gone(child)


def test_a_child_that_is_ended_from_outside_interrupts_all(tmp_path: Path) -> None:
    parent, child = lingering(tmp_path)
    os.kill(child, signal.SIGTERM)
    assert parent.wait(30) != 0
    assert (tmp_path / "note.tidy").exists()


def test_supervising_imports_no_torch_and_stops_with_its_iterator(local: Local) -> None:
    code = "import sys, sparsebench.execution; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    results = local.map([Square(1), Square(2, seconds=600)])
    assert next(results)[0] == 1
    results.close()  # type: ignore[attr-defined]
    assert next(local.map([Square(3)]))[0] == 9


def test_the_end_of_a_process_is_told_in_words() -> None:
    crash = 'Fatal Python error\n\nCurrent thread (most recent call first):\n  File "/home/me/p.py", line 3 in apply\n'
    assert how_it_ended(-11, crash) == "the process died of SIGSEGV at p.py:3, in apply"
    assert how_it_ended(-6, "") == "the process died of SIGABRT"
    assert how_it_ended(1, "").startswith("it ended the process with exit code 1")
    assert place("") == ""
