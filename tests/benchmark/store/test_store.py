from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sparsebench.errors import StoreError
from sparsebench.store import Store, disk_errors, write_atomically


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def write(store: Store, key: str, text: str = "hello") -> None:
    with store.writing("kind", key, {"seconds": 1.5}) as folder:
        (folder / "file.txt").write_text(text)


def test_an_artefact_is_found_with_its_files_facts_and_size(store: Store) -> None:
    write(store, "k")
    found = store.find("kind", "k")
    assert found is not None
    assert (found.folder / "file.txt").read_text() == "hello"
    assert found.facts == {"seconds": 1.5}
    assert found.size == 5


def test_what_was_never_written_is_not_found(store: Store) -> None:
    assert store.find("kind", "k") is None
    assert not store.holds("kind", "k")


def test_a_flipped_byte_is_noticed_named_and_the_artefact_set_aside(store: Store) -> None:
    write(store, "k")
    path = store.root / "kind" / "k" / "file.txt"
    before = path.stat()
    path.write_bytes(b"hellp")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a failing disk would: nothing else changes
    with pytest.warns(UserWarning, match=r"damaged.*file\.txt"):
        assert store.find("kind", "k") is None
    assert list((store.root / "damaged").rglob("file.txt"))
    write(store, "k")
    assert store.find("kind", "k") is not None


@pytest.mark.parametrize("damage", ["{", "{}", '{"files": {"gone.npy": {"sha256": ""}}, "facts": {}}'])
def test_a_damaged_manifest_is_set_aside(store: Store, damage: str) -> None:
    write(store, "k")
    (store.root / "kind" / "k" / "manifest.json").write_text(damage)
    with pytest.warns(UserWarning, match="damaged"):
        assert store.find("kind", "k") is None


def test_an_error_while_writing_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing("kind", "k", {}) as folder:
        (folder / "half").write_text(str(1 / 0))
    assert store.find("kind", "k") is None
    assert list((store.root / "kind").iterdir()) == []


def test_a_kill_while_writing_leaves_nothing_that_counts(store: Store) -> None:
    script = f"""
        import os, signal
        from pathlib import Path
        from sparsebench.store import Store
        with Store(Path({str(store.root)!r})).writing("kind", "k", {{}}) as folder:
            (folder / "half").write_text("…")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert store.find("kind", "k") is None
    write(store, "k")
    assert store.find("kind", "k") is not None


def test_the_second_of_two_writers_of_one_key_gives_way(store: Store) -> None:
    with store.writing("kind", "k", {}) as folder:
        (folder / "file.txt").write_text("hello")
        write(store, "k")
    found = store.find("kind", "k")
    assert found is not None
    assert [path.name for path in (store.root / "kind").iterdir()] == ["k"]


def test_a_full_disk_is_an_error_that_says_what_to_do(store: Store) -> None:
    with pytest.raises(StoreError, match=r"No space left.*SPARSEBENCH_STORE"), store.writing("kind", "k", {}):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_other_operating_system_errors_are_not_renamed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), disk_errors(tmp_path):
        (tmp_path / "absent").read_text()


def test_listing_and_removing(store: Store) -> None:
    write(store, "a")
    write(store, "b")
    first, second = store.artefacts()
    assert (first.key, second.key) == ("a", "b")
    store.remove(first)
    assert [artefact.key for artefact in store.artefacts()] == ["b"]
    assert list(store.facts("kind")) == [{"seconds": 1.5}]


def test_an_atomic_write_replaces_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    write_atomically(path, "one")
    write_atomically(path, "two")
    assert path.read_text() == "two"
    assert [found.name for found in path.parent.iterdir()] == ["file.json"]


def test_what_a_kill_left_behind_is_swept_and_what_is_being_written_is_not(store: Store) -> None:
    write(store, "k")
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    left = store.root / "kind" / f".writing-{socket.gethostname()}-{dead.stdout.strip()}-abc"
    left.mkdir()
    (left / "half.npy").write_bytes(bytes(1000))
    with store.writing("kind", "other", {}) as folder:
        (folder / "file.txt").write_text("alive")
        assert store.sweep() == 1000
        assert [artefact.key for artefact in store.artefacts()] == ["k"]
    assert not left.exists()
    assert [artefact.key for artefact in store.artefacts()] == ["k", "other"]


def test_what_was_set_aside_as_damaged_is_swept(store: Store) -> None:
    write(store, "k")
    (store.root / "kind" / "k" / "file.txt").write_text("hellO")
    with pytest.warns(UserWarning, match="set aside"):
        assert store.find("kind", "k") is None
    assert store.sweep() > 0
    assert not (store.root / "damaged").exists()


def test_an_artefact_that_another_process_deleted_first_is_no_error(store: Store) -> None:
    write(store, "k")
    artefact = store.find("kind", "k")
    assert artefact is not None
    store.remove(artefact)
    store.remove(artefact)
    assert list(store.artefacts()) == []
