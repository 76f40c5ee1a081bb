"""`run`, `plan` and `load_records`: what the commands of these names do, for notebooks and scripts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sparsebench.api.planned import Planned
from sparsebench.api.results import Results
from sparsebench.execution import Here, Local, run_suite
from sparsebench.execution.request import Request
from sparsebench.leaderboard import published_report, read_report
from sparsebench.planning.overview import overview
from sparsebench.planning.session import open_session
from sparsebench.records.layout import COSTS_FILE, PER_QUERY_ARCHIVE, RECORDS_FILE

Several = str | Sequence[str]
"""One text, or several."""


def run(
    suite: str | Path,
    *,
    set: Several = (),
    only: Several = (),
    limit_queries: int | None = None,
    device: str = "auto",
    search_device: str = "auto",
    offline: bool = False,
    store: str | Path | None = None,
    runs: str | Path = "runs",
    plugins: Several = (),
    in_process: bool = False,
    plugin_timeout: float | None = None,
) -> Results:
    """Run a suite, a name or a path: compute what is missing, return all its results.

        results = sparsebench.run("quickstart", only="*/bm25/*", limit_queries=10)

    set: `KEY=VALUE`, e.g. `models.0.checkpoint=naver/splade-v3`.
    only: patterns of `collection/model/postprocessor`.
    limit_queries: a sample of so many test queries.
    device, search_device: where texts are encoded, and where scores are computed: auto, cpu, cuda, cuda:1.
    offline: whether to download nothing and list what is missing.
    store: where vectors are kept; by default $SPARSEBENCH_STORE.
    runs: where records are written.
    plugins: modules or files of plugins that are not installed, or `no:NAME` to leave one out.
    in_process: do the work in this process, for debuggers, instead of a child that may die without harm.
    plugin_timeout: seconds that a call of a plugin may take; by default there is no limit.

    A cell that fails is named in `Results.failures`; the others go on, whatever a plugin does to its process. Raises
    SparsebenchError for a suite that is mistaken and for what is not at hand; ValueError for a time limit in this
    process, which nothing could keep.
    """
    if in_process and plugin_timeout is not None:
        raise ValueError("plugin_timeout ends the process that a plugin runs in; leave out in_process")
    request = Request(
        suite=str(suite),
        overrides=_several(set),
        only=_several(only),
        limit_queries=limit_queries,
        device=device,
        search_device=search_device,
        offline=offline,
        store=_path(store),
        runs=Path(runs),
        plugin_switches=_several(plugins),
    )
    with closing(Here() if in_process else Local(time_limit=plugin_timeout)) as executor:
        planned = run_suite(request, executor)
    return Results(planned.folder, read_report(planned.folder, planned.comparison))


def plan(
    suite: str | Path,
    *,
    set: Several = (),
    only: Several = (),
    limit_queries: int | None = None,
    device: str = "auto",
    search_device: str = "auto",
    offline: bool = False,
    store: str | Path | None = None,
    runs: str | Path = "runs",
    plugins: Several = (),
) -> Planned:
    """Plan a suite: which cells are cached, which are missing, how long they are likely to take. Computes nothing.

        sparsebench.plan("quickstart").to_pandas()

    Parameters are those of `run`. Raises SparsebenchError for a suite that is mistaken; NotAtHandError names all that
    has to be downloaded first.
    """
    session = open_session(
        suite=str(suite),
        overrides=_several(set),
        only=_several(only),
        limit_queries=limit_queries,
        device=device,
        search_device=search_device,
        offline=offline,
        store=_path(store),
        runs=Path(runs),
        plugin_switches=_several(plugins),
        fetch=False,
    )
    found = overview(session)
    return Planned(session.suite.name, session.device, found.cells, found.groups)


def load_records(folder: str | Path) -> Results:
    """Read the results of a suite from `runs/SUITE` or from `leaderboards/SUITE`, whoever computed them.

        sparsebench.load_records("leaderboards/quickstart").compare()

    Raises StoreError where there are none, or where they are damaged.
    """
    folder = Path(folder)
    # By any of its files: the one that is missing must not make an empty board of a published one.
    published = any((folder / name).is_file() for name in (RECORDS_FILE, PER_QUERY_ARCHIVE, COSTS_FILE))
    return Results(folder, published_report(folder.parent, folder.name) if published else read_report(folder))


def _several(given: Several) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
