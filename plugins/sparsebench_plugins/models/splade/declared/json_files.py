"""JSON files of a checkpoint, read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sparsebench import ModelError


class LackingFileError(ModelError):
    """A checkpoint lacks a file that it needs; of a hub snapshot the download may have been cut short."""


def read_json(path: Path) -> Any:
    """Read the value of a JSON file; raises LackingFileError where there is none, ModelError where it is malformed."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LackingFileError(f"{path.parent} has no {path.name}") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelError(f"{path}: not JSON: {error}") from None


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object; raises ModelError for another value, and as `read_json`."""
    value = read_json(path)
    if not isinstance(value, dict):
        raise ModelError(f"{path}: holds a {type(value).__name__}, not an object {{…}}")
    return value
