"""Read what a checkpoint's folder declares of one role: modules, pooling, lengths, prompt, pruning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sparsebench import ModelError, Role
from sparsebench.encoding import Activation, Pooling
from sparsebench_plugins.models.splade.declared.keys import DOOR, POOLING, STATIC, read_listed
from sparsebench_plugins.models.splade.declared.modules import (
    MODULES_FILE,
    ROUTERS,
    TRANSFORMERS,
    Module,
    modules_of,
    top_modules,
)
from sparsebench_plugins.models.splade.declared.transformer import declared_length, read_transformer, tokenizer_maximum
from sparsebench_plugins.models.splade.declared.usage import read_usage

TOKEN_WEIGHTS = ("idf.json", "query_token_weights.txt")
"""Files of a plain folder that give every token of a query its weight (OpenSearch's inference-free models)."""

_FORMS = (
    ("Transformer", "SpladePooling"),
    ("SparseStaticEmbedding",),
    ("Transformer", "SpladePooling", "SparseStaticEmbedding"),
)


@dataclass(frozen=True)
class Declared:
    """Declarations of a folder for the texts of one role.

    Example: an inference-free model declares of queries `transformer=None` and a `static` folder, and of documents a
    transformer and how it is pooled.
    """

    given: Path
    """The folder as it was given."""
    root: Path | None
    """The SentenceTransformers folder that declares; None for a plain folder, which declares nothing."""
    transformer: Path | None = None
    """The folder of the masked language model; None where texts of this role pass through none."""
    static: Path | None = None
    """The folder of the weights of tokens; None without."""
    token_weights: Path | None = None
    """A file of a plain folder that gives the tokens of queries their weights."""
    pooling: Pooling | None = None
    activation: Activation | None = None
    length: int | None = None
    """The most tokens of a text, special ones included; None where nothing is declared, or nothing bounds it."""
    prompt: str = ""
    """Text before each text."""
    ambiguous_prompt: str | None = None
    """Why the prompt cannot be known from the folder, and what to do."""
    keep: int | None = None
    """The most active dimensions of a text; None for all."""
    lower_case: bool = False
    """Whether texts are lower-cased first."""

    @property
    def is_of_another_route(self) -> bool:
        """True if one route's folder was given, and texts of this role take another route."""
        return self.given not in (self.root, self.transformer, self.static)


def read_declared(folder: Path, role: Role) -> Declared:
    """Read what a folder declares of one role; raises ModelError for what would be left out of the numbers.

    A folder without modules.json is plain, unless it is a module of the folder around it: then that one is read.
    """
    folder = folder.absolute()
    root = root_of(folder)
    if root is None:
        weights = next((folder / name for name in TOKEN_WEIGHTS if (folder / name).is_file()), None)
        return Declared(folder, None, transformer=folder, token_weights=weights)
    modules, usage = modules_of(root, role), read_usage(root)
    kinds = tuple("Transformer" if module.kind in TRANSFORMERS else module.kind for module in modules)
    if kinds not in _FORMS:
        raise ModelError(
            f"{root / MODULES_FILE}: for a {role} {' + '.join(kinds) or 'nothing'} is not supported; "
            f"{', '.join(' + '.join(form) for form in _FORMS)} are. Where sentence-transformers reads it, {DOOR}"
        )
    declared = Declared(folder, root, prompt=usage.prompts[role], ambiguous_prompt=usage.ambiguous, keep=usage.keep)
    for kind, module in zip(kinds, modules, strict=True):
        declared = _with(declared, kind, module, role)
    return declared


def root_of(folder: Path) -> Path | None:
    """Find the SentenceTransformers folder that a folder is, or is a module of; None for a plain one."""
    if (folder / MODULES_FILE).is_file():
        return folder
    for around in folder.absolute().parents[:2]:
        if (around / MODULES_FILE).is_file() and folder.absolute() in _module_folders(around):
            return around
    return None


def _module_folders(root: Path) -> set[Path]:
    """The folders of all modules, those of routers opened."""
    found = set()
    for module in top_modules(root):
        found.add(module.folder)
        if module.kind in ROUTERS:
            found |= {each.folder for role in ("query", "document") for each in modules_of(root, role)}
    return found


def _with(declared: Declared, kind: str, module: Module, role: Role) -> Declared:
    """Add what one module declares."""
    if kind == "Transformer":
        config = read_transformer(module.folder, is_mlm=module.kind == "MLMTransformer")
        length = declared_length(config, module.folder, role)
        lower_case = bool(config.get("do_lower_case", False))
        return replace(declared, transformer=module.folder, length=length, lower_case=lower_case)
    if kind == "SpladePooling":
        path = module.folder / "config.json"
        config = read_listed(path, POOLING)
        pooling = _one_of(path, config, "pooling_strategy", ("max", "sum", "cls") if module.ours else ("max", "sum"))
        activation = _one_of(path, config, "activation_function", ("relu", "log1p_relu"))
        return replace(declared, pooling=pooling, activation=activation)
    config_file = module.folder / "config.json"
    if config_file.is_file():
        read_listed(config_file, STATIC)
    if declared.transformer is None:
        declared = replace(declared, length=tokenizer_maximum(module.folder))
    return replace(declared, static=module.folder)


def _one_of(path: Path, config: dict[str, Any], name: str, allowed: tuple[Any, ...]) -> Any:
    """A value of a pooling, the first allowed one where there is none; raises ModelError."""
    value = config.get(name, allowed[0])
    if value not in allowed:
        raise ModelError(
            f"{path}: {name} is {value!r}, which sentence-transformers refuses as well: {POOLING[name].words}"
        )
    return value
