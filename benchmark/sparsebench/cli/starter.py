"""The commented suite that `sparsebench init` writes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sparsebench.errors import SuiteError


class Starter(BaseModel):
    """A suite for one model and one collection, by what a newcomer has at hand.

    Without a collection it is the one that comes with sparsebench. Raises SuiteError for parts that do not go together.
    """

    model_config = ConfigDict(frozen=True)

    model: str | None = None
    revision: str | None = None
    beir: Path | None = None
    docs: Path | None = None
    queries: Path | None = None
    qrels: Path | None = None
    dataset: str | None = None

    @property
    def name(self) -> str:
        """The suite's name, from the collection's."""
        source = self.beir or self.docs
        words = source.resolve().stem if source else self.dataset or "my-suite"
        return re.sub(r"[^\w.-]+", "-", words).strip("-.") or "my-suite"

    def text(self, path: Path) -> str:
        """The suite file; `path` is where it will lie, so that relative paths start there."""
        return TEMPLATE.format(
            name=self.name, collection=self._collection(path.parent), model=self._model(path.parent), file=path
        )

    def _collection(self, folder: Path) -> str:
        files = {"docs_tsv": self.docs, "queries_tsv": self.queries, "qrels": self.qrels}
        given = [
            name for name, value in (("--beir", self.beir), ("--docs", self.docs), ("--id", self.dataset)) if value
        ]
        if len(given) > 1:
            raise SuiteError(f"{' and '.join(given)} name a collection each; give one of them")
        if self.beir:
            return f"beir: {_seen(self.beir, folder)}"
        if self.dataset:
            return f"id: {json.dumps(self.dataset)}"
        if not any(files.values()):
            return "id: mini/web"
        if missing := [f"--{name.removesuffix('_tsv')}" for name, file in files.items() if file is None]:
            raise SuiteError(f"a collection of files has --docs, --queries and --qrels; {' and '.join(missing)} lacks")
        return "\n    ".join(f"{name}: {_seen(file, folder)}" for name, file in files.items() if file)

    def _model(self, folder: Path) -> str:
        if self.model is None:
            return "# - {name: splade, checkpoint: ORGANISATION/NAME, revision: 40 hex digits of a commit}"
        is_folder = Path(self.model).is_dir()
        checkpoint = _seen(Path(self.model).resolve(), Path("/")) if is_folder else json.dumps(self.model)
        revision = f", revision: {self.revision}" if self.revision else ""
        return f"- {{name: splade, label: mine, checkpoint: {checkpoint}{revision}}}"


def _seen(path: Path, folder: Path) -> str:
    """A path as the suite's folder sees it, quoted."""
    return json.dumps(str(path) if path.is_absolute() else os.path.relpath(path, folder), ensure_ascii=False)


TEMPLATE = """\
# A suite: models x postprocessors on collections. `sparsebench run {file}` runs it; what is computed already is kept.
name: {name}
measures: [nDCG@10, RR@10, R@100]   # names of ir_measures; the first is what is tested and ranked by

collections:
  - name: {name}
    {collection}
    # Lines of files are id<TAB>text without a header, a title joined to its text; BEIR's layout keeps titles apart.
    # A csv file has a header, and its columns are named: docs_columns: {{id: COLUMN, text: COLUMN}}, queries_columns.
    # Queries set aside to choose parameters on (`tune`), never tested; remove both lines where you tune nothing.
    # dev: {{split: hash, share: 0.2, seed: 0}}
    # bank: {{split: hash}}   # other queries that single-query postprocessors learn from

models:
  - bm25                            # a baseline to compare with
  {model}

postprocessors:
  - none                            # raw scores
  # - {{name: sinkhorn_single_query, tune: {{tau: [0.1, 0.3, 1.0], on: dev, measure: nDCG@10}}}}

baseline: {{model: bm25, postprocessor: none}}   # every row is tested against this one

analyzers: [sparsity]               # `sparsebench plugins list` names them all
"""
