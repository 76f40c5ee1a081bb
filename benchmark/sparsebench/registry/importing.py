"""Import a plugin that somebody names: a module, or a file without a package around it."""

from __future__ import annotations

import hashlib
import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType

from sparsebench.errors import PluginError, described


def is_file(asked: str) -> bool:
    """Return whether a plugin is named by its file."""
    return asked.endswith(".py")


def import_plugin(asked: str) -> ModuleType:
    """The module of that name, or the one that a `.py` file holds; raises PluginError that says where it fails."""
    try:
        return _import_file(Path(asked)) if is_file(asked) else importlib.import_module(asked)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:  # a stranger's module may do anything when it is imported
        raise PluginError(f"plugin {asked}: {described(error)}{_place(asked, error)}") from error


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise PluginError(f"there is no plugin file {path}")
    source = path.read_bytes()
    # Two files of one name, or two versions of one file, must not be taken for each other; a folder does not matter.
    name = f"{path.stem}_{hashlib.sha256(source).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(path.resolve())
    try:
        exec(compile(source, module.__file__, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _place(asked: str, error: BaseException) -> str:
    """The line that failed; for a module that is not there, how to name one."""
    if isinstance(error, ModuleNotFoundError) and not is_file(asked) and asked.startswith(str(error.name)):
        return ". Is it installed, or on PYTHONPATH? A file is named by its path: plugin.py"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f" ({last.filename}:{last.lineno})"
