from __future__ import annotations

import contextlib
import importlib
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparsebench.testing import Violation
from sparsebench.testing.isolation import imports_torch, no_network, no_torch


def test_a_connection_is_refused_and_told() -> None:
    with (
        pytest.raises(Violation, match=r"asked the network for \('127.0.0.1', 9\)"),
        no_network(),
        contextlib.suppress(OSError),
        contextlib.closing(socket.socket()) as sock,
    ):
        sock.connect(("127.0.0.1", 9))


def test_a_name_look_up_is_told_even_where_its_failure_is_caught() -> None:
    with pytest.raises(Violation, match=r"example\.invalid"), no_network(), contextlib.suppress(OSError):
        urllib.request.urlopen("http://example.invalid")


def test_afterwards_the_network_is_as_before() -> None:
    before = (socket.socket.connect, socket.getaddrinfo)
    with no_network():
        assert socket.getaddrinfo is not before[1]
    assert (socket.socket.connect, socket.getaddrinfo) == before


def test_a_socket_of_the_machine_itself_is_no_network(tmp_path: Path) -> None:
    server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    with no_network(), contextlib.closing(server), contextlib.closing(client):
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))


def test_an_import_of_torch_is_told() -> None:
    with pytest.raises(Violation, match=r"it imported torch, torch\.nn"), no_torch():
        __import__("os"), __import__("torch"), __import__("torch.nn")


def test_other_imports_are_fine() -> None:
    with no_torch():
        import json

        assert json


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of an importable module `isolated`."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "isolated.py"
    sys.modules.pop("isolated", None)


@pytest.mark.parametrize(("code", "expected"), [("import torch", True), ("def f():\n    import torch", False)])
def test_a_module_that_imports_torch_is_found_out_by_a_fresh_interpreter(
    plugin: Path, code: str, expected: bool
) -> None:
    plugin.write_text(code)
    importlib.invalidate_caches()
    importlib.import_module("isolated")
    assert imports_torch("isolated") is expected


def test_a_module_that_only_imports_here_is_told(plugin: Path) -> None:
    plugin.write_text("import sys\nif 'pytest' not in sys.modules:\n    raise RuntimeError('not without pytest')")
    importlib.invalidate_caches()
    importlib.import_module("isolated")
    with pytest.raises(Violation, match=r"(?s)fresh interpreter.*not without pytest"):
        imports_torch("isolated")
