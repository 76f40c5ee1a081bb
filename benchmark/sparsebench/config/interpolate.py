"""Variables and relative paths in the values of a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from sparsebench.config.limits import unusable_path
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.tree import Node
from sparsebench.disclosure.privacy import remember

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def interpolate(node: Node, environ: Mapping[str, str], mistakes: Mistakes) -> Node:
    """Return a value with the variables in its texts replaced; one that is not set or empty is a mistake."""
    if node.text is not None:
        unset = [name for name in _VARIABLE.findall(node.text) if not environ.get(name)]
        for name in unset:
            mistakes.add(node.at, f"the environment variable {name} is not set; set it, as in `export {name}=…`")
        if unset:
            return node
        value = _VARIABLE.sub(lambda match: environ[match[1]], node.text)
        if value != node.text:
            remember(value, node.text, {name: environ[name] for name in _VARIABLE.findall(node.text)})
        return replace(node, value=value, of_shell=node.of_shell or node.text.startswith("${"))
    if node.items:
        return replace(node, value=tuple(interpolate(item, environ, mistakes) for item in node.items))
    if node.entries:
        return node.with_entries({key: interpolate(each, environ, mistakes) for key, each in node.entries.items()})
    return node


def from_its_folder(node: Node, mistakes: Mistakes) -> Node:
    """A relative path, or a list of them, as seen from the working directory, where a variable's path starts.

    What no file system takes as a path is a mistake.
    """
    if node.of_shell:
        return node
    if node.text is not None:
        if wrong := unusable_path(node.text):
            mistakes.add(node.at, wrong)
            return replace(node, value=None)
        return replace(node, value=str(node.at.folder / node.text))
    return replace(node, value=tuple(from_its_folder(item, mistakes) for item in node.items)) if node.items else node
