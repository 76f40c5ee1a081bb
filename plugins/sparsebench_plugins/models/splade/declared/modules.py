"""The modules of a SentenceTransformers folder that a query, or a document, passes through."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sparsebench import ModelError, Role
from sparsebench_plugins.models.splade.declared.json_files import read_json, read_object
from sparsebench_plugins.models.splade.declared.keys import DOOR, MODULES, ROUTER, ROUTER_PARAMETERS, hold

MODULES_FILE = "modules.json"
_OURS = "sparsebench.training.pooling."
"""Classes in checkpoints that `sparsebench train` wrote; read by their configuration, as sentence-transformers' are."""
_READ = ("sentence_transformers.", _OURS)
ROUTERS = ("Router", "Asym")
TRANSFORMERS = ("Transformer", "MLMTransformer")


@dataclass(frozen=True)
class Module:
    """One module: its class, its folder, and whether the class is one that `sparsebench train` writes."""

    kind: str
    folder: Path
    ours: bool = False


def modules_of(root: Path, role: Role) -> tuple[Module, ...]:
    """Read the modules of one role in order, routes followed; raises ModelError.

    Example: `modules_of(folder, "query")` of an inference-free model is one SparseStaticEmbedding.
    """
    found: list[Module] = []
    for module in top_modules(root):
        found += _route(module.folder, role) if module.kind in ROUTERS else [module]
    return tuple(found)


def first_module(root: Path, role: Role) -> Module:
    """Read the module that texts of one role come to, whatever code comes after it; raises ModelError."""
    path = root / MODULES_FILE
    entry = _entries(path)[0]
    module = _module(path, root, entry.get("type"), entry.get("path"))
    return _route(module.folder, role)[0] if module.kind in ROUTERS else module


def top_modules(root: Path) -> list[Module]:
    """Read modules.json, routers left closed; raises ModelError."""
    path = root / MODULES_FILE
    return [_module(path, root, entry.get("type"), entry.get("path")) for entry in _entries(path)]


def _entries(path: Path) -> list[dict[str, Any]]:
    """The list of modules.json; raises ModelError."""
    entries = read_json(path)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ModelError(f"{path}: is not a list of modules")
    for entry in entries:
        hold(path, entry, MODULES)
    names = [entry.get("name") for entry in entries]
    if not all(isinstance(name, str) and name for name in names):
        raise ModelError(f"{path}: a module's `name` must be text, or sentence-transformers cannot load the folder")
    if len(set(names)) < len(names):
        raise ModelError(f"{path}: two modules have one name, and sentence-transformers would keep one of them")
    return entries


def _module(path: Path, root: Path, reference: Any, below: Any) -> Module:
    if not isinstance(reference, str) or not isinstance(below, str):
        raise ModelError(f"{path}: the module {below!r} needs a `type` and a `path`, both text")
    if not reference.startswith(_READ):
        raise ModelError(
            f"{path}: the module {reference} is code that the checkpoint brings; the model `sparse_encoder` with "
            "`trust_remote_code: true` runs it"
        )
    place = PurePosixPath(below)
    if place.is_absolute() or ".." in place.parts:
        raise ModelError(f"{path}: {below!r} lies outside the folder")
    return Module(reference.rpartition(".")[2], root / below, reference.startswith(_OURS))


def _route(folder: Path, role: Role) -> list[Module]:
    """The modules of a router's route for a role."""
    path = folder / "router_config.json"
    if not path.is_file():
        path = folder / "config.json"  # where the router was still called Asym
    config = read_object(path)
    hold(path, config, ROUTER)
    parameters = config.get("parameters", {})
    hold(path, parameters, ROUTER_PARAMETERS)
    types, structure = config.get("types"), config.get("structure")
    if not isinstance(types, dict) or not isinstance(structure, dict):
        raise ModelError(f"{path}: a router needs `types` and `structure`")
    if empty := [name for name, modules in structure.items() if not modules]:
        raise ModelError(f"{path}: structure has no modules for {empty[0]!r}, and sentence-transformers cannot load it")
    route = _route_name(path, role, structure, parameters.get("route_mappings") or {})
    return [_module(path, folder, types.get(name), name) for name in structure[route]]


def _route_name(path: Path, role: Role, structure: Mapping[str, Sequence[str]], mappings: Mapping[str, str]) -> str:
    """The route of a role for text, in sentence-transformers' order of precedence."""
    routes = {_pair(path, key): route for key, route in mappings.items()}
    for pair in ((role, "text"), (role, None), (None, "text"), (None, None)):
        if pair in routes:
            found = routes[pair]
            break
    else:
        found = role if role in structure else "text"
    if found not in structure:
        there = f"there is: {', '.join(structure)}. {DOOR.capitalize()}"
        raise ModelError(f"{path}: structure has no route for a {role} ({found!r}); {there}")
    return found


def _pair(path: Path, key: str) -> Any:
    """Return (role, modality) of a mapping, which JSON holds as text."""
    try:
        pair = ast.literal_eval(key)
    except (ValueError, SyntaxError):
        pair = None
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise ModelError(f"{path}: route_mappings has {key!r}, which is no pair of role and modality")
    return pair
