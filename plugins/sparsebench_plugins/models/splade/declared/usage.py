"""Read config_sentence_transformers.json: how a SentenceTransformers folder wants to be used."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from sparsebench import ModelError, Role
from sparsebench_plugins.models.splade.declared.json_files import read_object
from sparsebench_plugins.models.splade.declared.keys import DOOR, ENCODER, hold

FILE = "config_sentence_transformers.json"
_OTHER_DOCUMENT_PROMPTS = ("passage", "corpus")


@dataclass(frozen=True)
class Usage:
    """Declared use of a folder.

    prompts: text before the texts of each role. ambiguous: why the prompts cannot be known from the folder, None where
    they can. keep: the most active dimensions of a text, None for all.
    """

    prompts: Mapping[Role, str]
    ambiguous: str | None
    keep: int | None


def read_usage(root: Path) -> Usage:
    """Read how a folder wants to be used; raises ModelError for what is not supported."""
    path = root / FILE
    config = read_object(path) if path.is_file() else {}
    hold(path, config, ENCODER)
    if config.get("model_type") != "SparseEncoder":
        raise ModelError(
            f"{path}: model_type is {config.get('model_type')!r}, of which sentence-transformers makes another model "
            '(it adds a random head); where the folder is a SparseEncoder, write "model_type": "SparseEncoder" into it'
        )
    if (similarity := config.get("similarity_fn_name")) not in (None, "dot"):
        raise ModelError(f"{path}: similarity_fn_name is {similarity!r}: {ENCODER['similarity_fn_name'].words}")
    _check_requirements(path, config.get("requirements"))
    prompts = _prompts(path, config)
    by_role: dict[Role, str] = {"query": prompts.get("query", ""), "document": prompts.get("document", "")}
    return Usage(by_role, _ambiguity(path, config, prompts, by_role), _keep(path, config))


def _prompts(path: Path, config: Mapping[str, Any]) -> dict[str, str]:
    prompts = config.get("prompts", {})
    if not isinstance(prompts, dict) or not all(text is None or isinstance(text, str) for text in prompts.values()):
        raise ModelError(f"{path}: prompts is {prompts!r}, not an object of texts")
    return {name: text or "" for name, text in prompts.items()}


def _ambiguity(
    path: Path, config: Mapping[str, Any], prompts: Mapping[str, str], by_role: Mapping[Role, str]
) -> str | None:
    """Authors who call `encode` get the default prompt, those who call `encode_query` and `encode_document` do not."""
    say = "`query_prompt` and `document_prompt` of the suite say which are meant"
    default = config.get("default_prompt_name")
    if default is not None and default not in prompts:
        raise ModelError(f"{path}: default_prompt_name is {default!r}, and there is no such prompt; {DOOR}")
    if default is not None and any(text != prompts[default] for text in by_role.values()):
        return f"{path}: default_prompt_name is {default!r}, which is not the prompt of both roles; {say}"
    for name in _OTHER_DOCUMENT_PROMPTS:
        if prompts.get(name) and prompts[name] != by_role["document"]:
            return f"{path}: there is a prompt {name!r} beside that of documents; {say}"
    return None


def _keep(path: Path, config: Mapping[str, Any]) -> int | None:
    keep = config.get("max_active_dims")
    if keep is not None and (isinstance(keep, bool) or not isinstance(keep, int) or keep < 1):
        raise ModelError(f"{path}: max_active_dims is {keep!r}, which is no positive number")
    return keep


def _check_requirements(path: Path, requirements: Any) -> None:
    """Refuse (ModelError) what this machine does not have, and what is no range of versions."""
    if not isinstance(requirements, dict | None):
        raise ModelError(f"{path}: requirements is {requirements!r}, not an object of packages and versions")
    for name, asked in (requirements or {}).items():
        wanted, there = asked.get("specifier") if isinstance(asked, dict) else asked, _installed(name)
        try:
            met = there is not None and SpecifierSet(str(wanted)).contains(there, prereleases=True)
        except InvalidSpecifier:
            raise ModelError(f"{path}: requires {name} {wanted!r}, which is no range of versions") from None
        if not met:
            raise ModelError(f"{path}: requires {name} {wanted}; installed is {there}. Install what it requires")


def _installed(name: str) -> str | None:
    if name == "python":
        return platform.python_version()
    try:
        return importlib.metadata.version({"pytorch": "torch"}.get(name, name))
    except importlib.metadata.PackageNotFoundError:
        return None
