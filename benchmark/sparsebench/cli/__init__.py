"""The command `sparsebench`: one module a command, imported when it is run.

Exit codes: 0 ok, also when nothing was left to do; 1 something asked for failed or differs (a cell, a check); 2
interrupted; 3 an error of sparsebench itself; 4 usage, or a mistake that the user can fix.
"""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType

import click

from sparsebench.cli.consoles import speak_any_console
from sparsebench.cli.exits import Exit
from sparsebench.cli.output import echo
from sparsebench.errors import SparsebenchError, did_you_mean, plain_warnings

COMMANDS = {
    "init": "Write a commented suite for a model and a collection of your own.",
    "suites": "List the suites that have a name.",
    "run": "Run a suite: compute what is missing, print its leaderboard.",
    "plan": "Show the cells of a suite: what is cached, what is missing, how long it may take.",
    "fetch": "Download all that a suite needs.",
    "convert": "Turn a checkpoint of its authors into a folder that can be read without risk.",
    "report": "Write the leaderboard of a suite from its records, in any format; --check compares, --merge joins.",
    "publish": "Put a suite's leaderboard and its records into leaderboards/.",
    "compare": "Test every row of a suite against a baseline, query by query.",
    "noise": "Measure how much of a suite's figures is noise of encoding.",
    "export": "Write runs, ir_metadata and mteb's JSON for other tools.",
    "explain": "Explain one query of one cell: terms, documents, contributions.",
    "train": "Train the checkpoints of a recipe.",
    "plugins": "List the plugins, check one, begin a new one.",
    "schema": "Print the JSON Schema of suite files (for editors) or of records.",
    "doctor": "Check the installation: versions, device, store, plugins.",
    "cache": "List the store, verify it, prune or empty it.",
    "runs": "List the results below runs/, or delete what their suites have no more.",
}


class LazyGroup(click.Group):
    """Commands by name; a command's module is imported when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of a session."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import `sparsebench.cli.<name>` and take its `command`."""
        if cmd_name not in COMMANDS:
            ctx.fail(f"there is no command {cmd_name!r}.{did_you_mean(cmd_name, COMMANDS)}")
        command: click.Command = importlib.import_module(f"sparsebench.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sparsebench")
def cli() -> None:
    """Evaluate learned sparse retrieval: models, score postprocessors, wacky weights.

    \b
    A first suite:       sparsebench run quickstart
    Your own:            sparsebench init --model ORG/NAME --docs docs.tsv --queries queries.tsv --qrels qrels.txt
    Shell completion:    eval "$(_SPARSEBENCH_COMPLETE=bash_source sparsebench)"   (or zsh_source, fish_source)

    \b
    Exit codes: 0 ok, also when nothing was left to do; 1 something asked for failed or differs; 2 interrupted;
    3 an error of sparsebench itself; 4 usage, or a mistake that you can fix.
    """


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


NO_MEMORY = (
    "MemoryError",
    "cannot map zero-fill pages",
    "failed to map segment",
    "Cannot allocate memory",
    "bad_alloc",
)
"""What Python, its loader and its libraries call the end of memory, in the last line of what they say."""


def _of_the_machine(error: Exception) -> Exit:
    """USAGE, having said it, where memory ends or a file cannot be read or written: that is the user's to mend."""
    # What a child raised comes as the text of its traceback.
    last = f"{type(error).__name__}: {error}".strip().splitlines()[-1]
    if any(name in last for name in NO_MEMORY):
        echo(
            f"memory ended ({last}). Free some, or raise the limit of this process; what is computed is kept.", err=True
        )
        return Exit.USAGE
    if not isinstance(error, OSError) or error.filename is None or error.strerror is None:
        return Exit.INTERNAL
    echo(f"{error.filename}: {error.strerror}", err=True)
    return Exit.USAGE


def main() -> None:
    """The entry point: errors that a user can fix are one message without a traceback, and so are our own warnings."""
    plain_warnings()
    speak_any_console()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort as error:
        if isinstance(error.__cause__, EOFError):  # click takes it for a closed terminal; here a file ended too soon
            sys.excepthook(EOFError, error.__cause__, error.__cause__.__traceback__)
            sys.exit(Exit.INTERNAL)
        echo("interrupted: finished cells are kept, the same command goes on from there", err=True)
        code = Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = Exit.USAGE
    except SparsebenchError as error:
        echo(str(error), err=True)
        code = Exit.USAGE
    except Exception as error:
        code = _of_the_machine(error)
        if code is Exit.INTERNAL:
            sys.excepthook(*sys.exc_info())
    sys.exit(code if isinstance(code, int) else Exit.OK)
