"""Read where a SentenceTransformers folder cuts texts, also one whose vectors are not read here."""

from __future__ import annotations

from pathlib import Path

from sparsebench import ModelError, Role
from sparsebench_plugins.models.splade.declared.modules import TRANSFORMERS, first_module
from sparsebench_plugins.models.splade.declared.transformer import declared_length, first_config, tokenizer_maximum


def declared_lengths(root: Path) -> dict[Role, int | None]:
    """Tokens at which texts are cut (None: nowhere), of the roles of which a folder says it.

    What comes after the first module does not matter, nor whether it is code that the folder brings.

    Example: `{"query": 32, "document": 512}`; without "query" where the first module of queries is code.
    """
    found: dict[Role, int | None] = {}
    roles: tuple[Role, ...] = ("query", "document")
    for role in roles:
        try:
            found[role] = _length(root, role)
        except ModelError:
            continue
    return found


def _length(root: Path, role: Role) -> int | None:
    """Raise ModelError where nothing says it."""
    module = first_module(root, role)
    if module.kind == "SparseStaticEmbedding":
        return tokenizer_maximum(module.folder)
    if module.kind not in TRANSFORMERS:
        raise ModelError(f"{module.folder}: nobody knows where {module.kind} cuts texts")
    _, config = first_config(module.folder)
    if role == "query" and config.get("query_expansion"):
        raise ModelError(f"{module.folder}: queries are filled up to a length, not cut at one")
    return declared_length(config, module.folder, role)
