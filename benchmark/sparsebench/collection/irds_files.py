"""Find the files an ir_datasets dataset needs, and those that are missing, without touching the network.

ir_datasets has no such question in its interface. But every dataset is a tree of small objects around `Download`
(a url, a checksum, a cache path), some inside a cache of what was extracted; so the tree is walked to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MethodType
from typing import Any


@dataclass(frozen=True)
class Source:
    """A file that a dataset reads.

    path: where it lies, None where ir_datasets keeps no copy. origin: its url, or instructions to get it.
    holder: the ir_datasets object whose `path()` downloads it, checksum kept.
    """

    path: Path | None
    at_hand: bool
    origin: str
    holder: Any


def sources(handler: object) -> Iterator[Source]:
    """Yield the files behind a docs, queries or qrels handler of ir_datasets, each once."""
    return _walk(handler, None, set())


def _walk(node: object, cache: Any, seen: set[int]) -> Iterator[Source]:
    from ir_datasets.util import Cache, Download, TarExtractAll, ZipExtractCache

    if id(node) in seen or isinstance(node, str | Path | type):
        return
    seen.add(id(node))
    if isinstance(node, Download):
        yield _of_download(node, cache or node)
        return
    if isinstance(node, Cache | TarExtractAll | ZipExtractCache):
        extracted = Path(node.path(force=False))
        if extracted.exists():
            yield Source(extracted, True, "", node)
            return
        cache = cache or node
    for child in _children(node):
        yield from _walk(child, cache, seen)


def _children(node: object) -> Iterator[object]:
    """Yield the members of a node, except of functions, as their closures hold whole families of datasets."""
    if isinstance(node, list | tuple):
        yield from node
    elif isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, MethodType):
        yield node.__self__
    else:
        yield from getattr(node, "__dict__", {}).values()


def _of_download(download: Any, holder: Any) -> Source:
    from ir_datasets.util import LocalDownload

    places = [Path(mirror.path(force=False)) for mirror in download.mirrors if isinstance(mirror, LocalDownload)]
    if download._cache_path is not None:
        places.insert(0, Path(download._cache_path))
    origin = next((mirror.url for mirror in download.mirrors if hasattr(mirror, "url")), "")
    instructions = next((mirror._message for mirror in download.mirrors if hasattr(mirror, "_message")), "")
    found = next((place for place in places if place.exists()), None)
    return Source(found or next(iter(places), None), found is not None, origin or instructions, holder)
