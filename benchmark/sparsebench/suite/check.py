"""Check what a suite's schema cannot: names that must exist, keys that go together, depths that must suffice.

Each check reads the tree, not the Suite, and passes over what has not the right shape: so all mistakes come at once.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable, Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement

from sparsebench.config.mistakes import Mistakes
from sparsebench.config.tree import Node
from sparsebench.disclosure.privacy import is_absolute
from sparsebench.errors import did_you_mean
from sparsebench.suite.schema import DEFAULT_DEPTH, DEFAULT_MEASURES, PLUGIN_SPECS, Suite


def check(tree: Node, mistakes: Mistakes) -> None:
    """Note every mistake that concerns more than one key."""
    for collection in _items(tree, "collections"):
        _check_sources(collection, mistakes)
    for kind in PLUGIN_SPECS:
        _check_labels(tree, kind, mistakes)
    _check_baseline(tree, mistakes)
    _check_measures(tree, mistakes)
    _check_tuning(tree, mistakes)
    for requirement in _items(tree, "requires"):
        _check_requirement(requirement, mistakes)


def check_collection_names(suite: Suite, tree: Node, mistakes: Mistakes) -> None:
    """Names must differ, also those that are made up from ids and folders."""
    names = [collection.name for collection in suite.collections]
    for position, name in enumerate(names):
        if name in names[:position]:
            first, again = (tree.locate(("collections", at)) for at in (names.index(name), position))
            mistakes.add(again, f"the collection {name!r} is there twice, first at {first}; give it a `name:`")


def labels(tree: Node, kind: str) -> list[str]:
    """Labels in the order of the suite."""
    return [label.text for label in map(_label, _items(tree, kind)) if label and label.text is not None]


def _label(entry: Node) -> Node | None:
    return entry.entries.get("label") or entry.entries.get("name")


def _items(tree: Node, key: str) -> tuple[Node, ...]:
    return tree.entries[key].items if key in tree.entries else ()


def _given(node: Node, keys: Iterable[str]) -> list[str]:
    return [key for key in keys if key in node.entries and node.entries[key].value is not None]


def _check_sources(collection: Node, mistakes: Mistakes) -> None:
    _check_choice(collection, "a collection", ("id", "beir", "docs_tsv"), mistakes)
    files = _given(collection, ("docs_tsv", "docs_columns", "queries_tsv", "queries_columns", "qrels"))
    if "docs_tsv" not in files:
        for key in files:
            mistakes.add(collection.locate((key,)), f"{key!r} goes with `docs_tsv` alone")
    elif "queries_tsv" not in files:
        mistakes.add(collection.at, "`docs_tsv` is there, and its `queries_tsv` is missing")
    bank = collection.entries.get("bank")
    if bank:
        _check_bank(bank, mistakes, splits=bool(_given(collection, ("params",))))
    dev = collection.entries.get("dev")
    if bank and _is_split(bank, "hash") and not (dev and _is_split(dev, "hash")):
        carved = "`split: hash` is the development queries that are carved out"
        mistakes.add(bank.at, f"{carved}; add `dev: {{split: hash, share: 0.2, seed: 0}}`")
    if dev:
        _check_choice(dev, "dev", ("id", "split"), mistakes)
        hashed = _is_split(dev, "hash")
        for key in () if hashed else _given(dev, ("share", "seed")):
            mistakes.add(dev.locate((key,)), f"{key!r} goes with `split: hash` alone")
        if _is_split(dev, "bank") and not (bank and _has_gallery(bank)):
            what = "`split: bank` ranks the bank's queries over the bank's own documents"
            mistakes.add(dev.at, f"{what}; add `gallery: true` to a bank that is an `id` or a `beir` folder")


def _check_bank(bank: Node, mistakes: Mistakes, *, splits: bool) -> None:
    """Check a bank. splits: whether each split of the collection may have documents of its own, as those have that
    plugins read.
    """
    of_its_own = _given(bank, ("id", "beir"))
    # A folder has several splits, so here alone `split` may stand beside another key.
    keys = ("id", "beir", "queries_tsv") if "beir" in of_its_own else ("id", "beir", "split", "queries_tsv")
    _check_choice(bank, "a bank", keys, mistakes)
    if _given(bank, ("queries_columns",)) and not _given(bank, ("queries_tsv",)):
        mistakes.add(bank.locate(("queries_columns",)), "'queries_columns' goes with `queries_tsv` alone")
    if _has_gallery(bank) and not of_its_own and not (splits and _given(bank, ("split",))):
        mistakes.add(bank.locate(("gallery",)), "'gallery' goes with `id` or `beir`: other banks bring no documents")


def _is_split(node: Node, name: str) -> bool:
    return "split" in node.entries and node.entries["split"].value == name


def _has_gallery(bank: Node) -> bool:
    return "gallery" in bank.entries and bank.entries["gallery"].value is True


def _check_choice(node: Node, what: str, keys: tuple[str, ...], mistakes: Mistakes) -> None:
    given = _given(node, keys)
    if isinstance(node.value, Mapping) and len(given) != 1:
        has = f"has {' and '.join(given)}" if given else "has none"
        mistakes.add(node.at, f"{what} has exactly one of the keys {', '.join(keys)}; this one {has}")


def _check_labels(tree: Node, kind: str, mistakes: Mistakes) -> None:
    first: dict[str, Node] = {}
    for label in filter(None, map(_label, _items(tree, kind))):
        if label.text is not None and is_absolute(label.text):
            mistakes.add(label.at, f"the label {label.text!r} is an absolute path, and labels are published")
        if label.text is not None and first.setdefault(label.text, label) is not label:
            message = f"the label {label.text!r} is there twice, first at {first[label.text].at}; give it a `label:`"
            mistakes.add(label.at, message)


def _check_baseline(tree: Node, mistakes: Mistakes) -> None:
    baseline = tree.entries.get("baseline")
    for key, kind in (("model", "models"), ("postprocessor", "postprocessors")):
        known = labels(tree, kind) or ["none"]
        asked = baseline.entries.get(key) if baseline else None
        if asked and asked.text is not None and asked.text not in known:
            mistakes.add(
                asked.at, f"no {key} of this suite has the label {asked.text!r}.{did_you_mean(asked.text, known)}"
            )


def _check_measures(tree: Node, mistakes: Mistakes) -> None:
    from sparsebench.measures import check_measure_name  # here, because it loads ir_measures

    stated = tree.entries.get("depth")
    depth = stated.value if stated and type(stated.value) is int else DEFAULT_DEPTH
    for measure in _measures(tree):
        name = measure.text
        if name is None:
            continue
        if message := check_measure_name(name):
            mistakes.add(measure.at, message)
        cutoff = re.search(r"@(\d+)$", name)
        if cutoff and int(cutoff[1]) > depth:
            mistakes.add(measure.at, f"{name} reads {cutoff[1]} documents, and runs have `depth: {depth}`")


def _measures(tree: Node) -> Iterator[Node]:
    if "measures" in tree.entries:
        yield from _items(tree, "measures")
    else:
        yield from (Node(name, tree.locate(("depth",))) for name in DEFAULT_MEASURES)
    for collection in _items(tree, "collections"):
        yield from _items(collection, "measures")
    for postprocessor in _items(tree, "postprocessors"):
        if (tune := postprocessor.entries.get("tune")) and "measure" in tune.entries:
            yield tune.entries["measure"]


def _check_tuning(tree: Node, mistakes: Mistakes) -> None:
    tuned = [entry for entry in _items(tree, "postprocessors") if "tune" in entry.entries]
    for collection in _items(tree, "collections") if tuned else ():
        if not _given(collection, ["dev"]):
            what = f"the postprocessor at {tuned[0].at} is tuned on dev queries, and this collection names none"
            mistakes.add(collection.at, f"{what}; add for example `dev: {{split: hash, share: 0.2, seed: 0}}`")


def _check_requirement(node: Node, mistakes: Mistakes) -> None:
    if node.text is None:
        return
    try:
        requirement = Requirement(node.text)
        installed = importlib.metadata.version(requirement.name)
    except InvalidRequirement as error:
        mistakes.add(node.at, f"{node.text!r} is no requirement such as `package>=1.0`: {error}".splitlines()[0])
    except importlib.metadata.PackageNotFoundError:
        mistakes.add(node.at, f"{node.text} is not installed; install it with `pip install '{node.text}'`")
    else:
        if not requirement.specifier.contains(installed, prereleases=True):
            mistakes.add(node.at, f"{node.text} is needed, and {requirement.name} {installed} is installed")
