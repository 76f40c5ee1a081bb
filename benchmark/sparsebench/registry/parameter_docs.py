"""Documentation of a plugin's parameters, read from where each parameter is declared.

Example:
    >>> from typing import Annotated
    >>> from annotated_types import Gt, doc
    >>> def factory(*, tau: Annotated[float, Gt(0), doc("Temperature.")] = 1.0) -> None: ...
    >>> parameter_docs(factory)
    {'tau': 'Temperature.'}
"""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

Factory = Callable[..., Any]


def parameter_docs(factory: Factory) -> dict[str, str]:
    """Map each documented parameter of a factory to its documentation.

    Two places count: `Annotated[type, doc("...")]`, and for a dataclass the string below a field (an attribute
    docstring), which wins. A class inherits what its bases say of a field, as it inherits the field.
    """
    annotated = {name: text for name, hint in type_hints(factory).items() if (text := _annotated(hint))}
    below: dict[str, str] = {}
    for base in reversed(inspect.getmro(factory)) if inspect.isclass(factory) else ():
        below |= attribute_docstrings(base)
    names = inspect.signature(factory).parameters
    return {name: text for name, text in {**annotated, **below}.items() if name in names}


def prose(factory: Factory) -> list[str]:
    """The paragraphs of a factory's docstring, each on one line; code (`>>>`) keeps its lines."""
    paragraphs = (inspect.getdoc(factory) or "").split("\n\n")
    return [text if text.lstrip().startswith(">>>") else " ".join(text.split()) for text in paragraphs if text.strip()]


def type_hints(factory: Factory) -> dict[str, Any]:
    """Types of the parameters. A dataclass's `__init__` names those of inherited fields too, and only the modules of
    its bases need know them. Raises NameError for an annotation that does not exist at run time."""
    if not inspect.isclass(factory):
        return get_type_hints(factory, include_extras=True)
    names: dict[str, Any] = {}
    for base in reversed(factory.__mro__):
        names |= vars(sys.modules[base.__module__])
    return get_type_hints(factory.__init__, names, include_extras=True)


def attribute_docstrings(cls: type) -> dict[str, str]:
    """Map each annotated name in the body of a class to the string right below it; {} where there is no source."""
    try:
        lines = inspect.getsource(cls)
    except (OSError, TypeError):  # made at run time, or built in
        return {}
    # A class inside a function is indented, and its strings may be less so: dedenting could break them.
    tree = ast.parse(f"if True:\n{lines}" if lines[0].isspace() else lines)
    body = next(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return dict(_strings(body))


def _strings(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in itertools.pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())


def _annotated(hint: object) -> str:
    """The text of the last `doc` in an annotation, or in a member of a union; "" where there is none."""
    if get_origin(hint) is Annotated:
        # `annotated_types.doc` makes an object with `documentation`; its class has moved between its versions.
        said = [str(each.documentation) for each in get_args(hint)[1:] if hasattr(each, "documentation")]
        return said[-1] if said else _annotated(get_args(hint)[0])
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else ()
    return next(filter(None, map(_annotated, members)), "")
