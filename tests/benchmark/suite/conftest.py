"""A registry of toy plugins, and suites written on the spot. Tests run in an empty working directory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt

from sparsebench import AnalyzerPlugin, CollectionPlugin, ModelPlugin, PostprocessorPlugin, hookimpl
from sparsebench.errors import SuiteError
from sparsebench.registry import Registry
from sparsebench.suite import Suite, load_suite


class Bm25:
    def __init__(self, *, k1: Annotated[float, Gt(0)] = 0.9) -> None: ...


class Splade:
    def __init__(
        self, *, checkpoint: str, pooling: Literal["max", "sum"] = "max", vocabulary: Path | None = None
    ) -> None: ...


class Sinkhorn:
    def __init__(self, *, tau: Annotated[float, Gt(0)] = 1.0, iterations: Annotated[int, Ge(1)] = 10) -> None:
        if tau > 100 and iterations > 100:
            raise ValueError("a large tau needs few iterations")


class Parameterless: ...


class ToyPlugins:
    @hookimpl
    def register_models(self) -> list[ModelPlugin]:
        return [ModelPlugin("bm25", Bm25, ""), ModelPlugin("splade", Splade, "")]  # type: ignore[arg-type]

    @hookimpl
    def register_postprocessors(self) -> list[PostprocessorPlugin]:
        return [
            PostprocessorPlugin("none", Parameterless, ""),  # type: ignore[arg-type]
            PostprocessorPlugin("sinkhorn", Sinkhorn, ""),  # type: ignore[arg-type]
        ]

    @hookimpl
    def register_analyzers(self) -> list[AnalyzerPlugin]:
        return [AnalyzerPlugin("sparsity", Parameterless, "")]  # type: ignore[arg-type]

    @hookimpl
    def register_collections(self) -> list[CollectionPlugin]:
        return [CollectionPlugin("mini/web", Path("web"), "")]


BASE = """\
name: base
collections:
  - {id: mini/web, split: test, domain: in, dev: {split: train}}
models: [bm25]
"""

Write = Callable[..., Path]
Load = Callable[..., Suite]
Refuse = Callable[..., list[str]]


@pytest.fixture
def registry() -> Registry:
    return Registry.of(ToyPlugins())


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """write(text, path="suite.yaml") -> the path, relative to the working directory."""
    monkeypatch.chdir(tmp_path)

    def _write(text: str | bytes, path: str = "suite.yaml") -> Path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(text if isinstance(text, bytes) else text.encode())
        return Path(path)

    return _write


@pytest.fixture
def load(write: Write, registry: Registry) -> Load:
    """load(text, *overrides, environ={}) -> the Suite; without a text what was written before as suite.yaml."""

    def _load(text: str | bytes | None, *overrides: str, environ: Mapping[str, str] | None = None) -> Suite:
        if text is not None:
            write(text)
        return load_suite("suite.yaml", registry, overrides, environ or {})

    return _load


@pytest.fixture
def refuse(load: Load) -> Refuse:
    """As `load`, for suites with mistakes -> the lines of the error."""

    def _refuse(text: str | bytes | None, *overrides: str, **options: Any) -> list[str]:
        with pytest.raises(SuiteError) as error:
            load(text, *overrides, **options)
        return str(error.value).splitlines()

    return _refuse


@pytest.fixture
def base() -> str:
    """The smallest suite: one collection, bm25, `none`."""
    return BASE


@pytest.fixture
def labels() -> Callable[[Iterable[Any]], list[str]]:
    return lambda specs: [spec.label for spec in specs]
