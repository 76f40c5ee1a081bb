"""Every command's help: an example that parses, exit codes, completion."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from commands import sparsebench
from sparsebench.cli import Exit, cli

Found = tuple[tuple[str, ...], click.Command]


def _commands(command: click.Command, *path: str) -> Iterator[Found]:
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            assert found is not None
            yield from _commands(found, *path, name)
    if path:
        yield path, command


ALL = list(_commands(cli))


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_help_ends_with_an_example_of_the_command_that_parses(path: tuple[str, ...], command: click.Command) -> None:
    shown = command.get_help(click.Context(command, info_name=" ".join(path)))
    assert "Example:" in shown
    examples = [shlex.split(line) for line in (command.epilog or "").splitlines() if "  sparsebench " in line]
    own = [words for words in examples if tuple(words[1 : 1 + len(path)]) == path]
    assert own or isinstance(command, click.Group)
    for words in examples:
        (place, asked) = max(
            (each for each in ALL if tuple(words[1:])[: len(each[0])] == each[0]), key=lambda e: len(e[0])
        )
        given = words[1 + len(place) :]
        for line in given:
            assert line != ">" or given.index(line) == len(given) - 2  # a redirection comes last
        given = given[: given.index(">")] if ">" in given else given
        _, left, _ = asked.make_parser(click.Context(asked)).parse_args(given)
        assert not left


def test_help_tells_exit_codes_and_shell_completion(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sparsebench(monkeypatch, "--help") == Exit.OK
    shown = capsys.readouterr().out
    assert "_SPARSEBENCH_COMPLETE=bash_source" in shown
    assert all(f"{code.value} " in shown for code in Exit)


@pytest.mark.parametrize("name", ["fetch", "report", "publish", "export", "compare", "run", "plan", "noise"])
def test_cells_are_chosen_by_the_same_option_everywhere(name: str) -> None:
    (command,) = [command for path, command in ALL if path == (name,)]
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--only" in options
    assert {"--runs", "--limit-queries"} <= options or name == "fetch"
