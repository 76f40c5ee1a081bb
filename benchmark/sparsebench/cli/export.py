"""`sparsebench export SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, only_option, plugin_options, results_options, store_option
from sparsebench.cli.output import echo
from sparsebench.cli.results import results_of
from sparsebench.leaderboard import read_board
from sparsebench.leaderboard.board import chosen
from sparsebench.leaderboard.export import export
from sparsebench.provenance import Stopwatch
from sparsebench.records.labels import file_name

FORMS = ("jsonl", "lsr", "csr", "parquet")


@click.command("export", epilog=example("sparsebench export quickstart --to exported"))
@results_options
@only_option
@store_option
@plugin_options
@click.option("--vectors", is_flag=True, help="Write sparse vectors, as the model `sparse_vectors` reads them.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="jsonl",
    show_default=True,
    help="Of --vectors: Anserini's JSON lines, lsr-benchmark's npz, SciPy's npz, parquet.",
)
@click.option("--device", default="auto", show_default=True, help="Of --vectors: as in `run`.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
def command(*, to: Path, only: Sequence[str], vectors: bool, form: str, **options: Any) -> int:
    """Write the results of SUITE for other tools: TREC runs with what they are measured against, and mteb's JSON.

    Beside each run, plain and compressed, lies its ir_metadata, beside the runs of a collection its judgments and its
    test queries: other tools leave out queries that a run does not answer unless they are told of them.

    With --vectors, the vectors of every model that makes them instead, of documents and queries; what is not in the
    store is encoded.
    """
    if vectors:
        return _vectors(to, form, only=only, **options)
    results = results_of(
        options["suite"], options["runs"], overrides=options["overrides"], limit_queries=options["limit_queries"]
    )
    cells = export(chosen(read_board(results.folder), only), results.folder, to)
    if not cells:
        echo(f"{results.name} has no finished cell; there is nothing to export")
        return Exit.OK
    echo(f"written: {cells} runs with metadata, judgments and queries in {to / 'runs'}, their figures in {to / 'mteb'}")
    return Exit.OK


def _vectors(to: Path, form: str, **options: Any) -> int:
    from sparsebench.contracts import NotApplicable
    from sparsebench.evaluate.export_vectors import export_vectors
    from sparsebench.evaluate.group import Evaluation
    from sparsebench.planning.session import open_session

    session = open_session(**options, search_device="auto", offline=True, fetch=False)
    session.check_devices()
    for group in session.plan.groups:
        folder = to / "vectors" / file_name(group.collection.spec.label) / file_name(group.model.spec.label)
        try:
            documents, queries = export_vectors(
                Evaluation(group, session.store, session.progress, Stopwatch()), folder, form
            )
        except NotApplicable as reason:
            echo(f"left out: {group.name}: {reason}")
        else:
            echo(f"written: {documents}, {queries}")
    return Exit.OK
