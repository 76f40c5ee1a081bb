"""Reduce a Python file to its syntax tree without docstrings, comments and places."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

_PROSE_OF_FIELD = ("description", "title")
"""Arguments of pydantic's `Field` that are prose, as a docstring is."""
_PROSE_IN_ANNOTATED = ("doc", "Doc")
"""Calls inside `Annotated[...]` that are prose."""


@dataclass(frozen=True)
class Reference:
    """One imported name: `from .a import b as c` has level 1, module a, name b; `import a.b` has no name."""

    level: int
    module: str
    name: str | None


@dataclass(frozen=True)
class Syntax:
    """Facts of one file's syntax on which digests of code depend.

    code: digest of all that it says but the places it imports from. references: these, in the order of the file.
    reexports: name -> where from, of the imports at its top level. only_binds_names: whether running the
    file does no more than that, as the `__init__.py` of a package should.
    """

    code: str
    references: tuple[Reference, ...]
    reexports: dict[str, Reference]
    only_binds_names: bool


def read_syntax(path: str) -> Syntax:
    """Read what counts of a file. Raises SyntaxError."""
    content = Path(path).read_bytes()
    if not path.endswith(".py"):  # a compiled module: its bytes are all there is
        return Syntax(hashlib.sha256(content).hexdigest(), (), {}, only_binds_names=False)
    tree = ast.parse(content, path)
    words: list[str] = []
    references: list[Reference] = []
    _write(tree, words, references)
    code = hashlib.sha256("\n".join(words).encode("utf-8", "backslashreplace")).hexdigest()
    body = [node for node in tree.body if not _is_prose(node) and not _is_for_type_checkers(node)]
    return Syntax(code, tuple(references), _reexports(body), all(map(_binds_names, body)))


def _write(node: ast.AST, words: list[str], references: list[Reference]) -> None:
    """Append a tree in prefix order; two trees that differ in more than prose and places give different words."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            # The name that is bound counts here; where it comes from is a reference, which the walk resolves.
            words.append(f"import {alias.asname or alias.name}")
            references.append(_reference(node, alias))
        return
    words.append(node.__class__.__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            words.append(f"{name}[")
            for item in value:
                _write_value(item, words, references)
            words.append("]")
        elif value is not None and name not in ("type_comment", "kind"):
            words.append(name)
            _write_value(value, words, references)


def _write_value(value: object, words: list[str], references: list[Reference]) -> None:
    if not isinstance(value, ast.AST):
        words.append(repr(value))
    elif _is_prose(value):
        return
    elif _is_for_type_checkers(value):
        for item in value.orelse:
            _write_value(item, words, references)
    else:
        _write(_without_prose(value), words, references)


def _is_prose(node: ast.AST) -> bool:
    """A docstring, of a module, class, function or attribute: a string that stands alone does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _without_prose(node: ast.AST) -> ast.AST:
    """The node without the description of a `Field(...)` and the `doc(...)` of an `Annotated[...]`."""
    match node:
        case ast.Call(func=ast.Name(id="Field"), keywords=keywords):
            kept = [keyword for keyword in keywords if keyword.arg not in _PROSE_OF_FIELD]
            return ast.Call(func=node.func, args=node.args, keywords=kept)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=parts)):
            return ast.Subscript(value=node.value, slice=ast.Tuple(elts=[part for part in parts if not _is_doc(part)]))
    return node


def _is_doc(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PROSE_IN_ANNOTATED


def _is_for_type_checkers(node: ast.AST) -> TypeGuard[ast.If]:
    if not isinstance(node, ast.If):
        return False
    test = node.test
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _reference(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Reference:
    if isinstance(node, ast.Import):
        return Reference(0, alias.name, None)
    return Reference(node.level, node.module or "", alias.name)


def _reexports(body: Sequence[ast.stmt]) -> dict[str, Reference]:
    return {
        alias.asname or alias.name: _reference(node, alias)
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _binds_names(node: ast.stmt) -> bool:
    """Return whether a statement can do nothing but bind a name: an import, a function, a constant."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass():
            return True
        case ast.FunctionDef(decorator_list=by) | ast.AsyncFunctionDef(decorator_list=by):
            return all(isinstance(each, ast.Name) and each.id in _MARKS for each in by)
        case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(target=ast.Name(), value=value):
            return value is None or all(isinstance(part, _CONSTANT) for part in ast.walk(value))
    return False


_MARKS = ("hookimpl",)
"""Decorators that only mark a function."""
_CONSTANT = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Name, ast.Load)
