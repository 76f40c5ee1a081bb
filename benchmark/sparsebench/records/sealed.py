"""JSON files that carry a checksum of their own content, so that no changed digit is believed."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from sparsebench.errors import StoreError
from sparsebench.provenance.digests import digest, sha256
from sparsebench.types import Json

SCHEMA = "schema"
SCHEMA_VERSION: Literal[2] = 2
CHECKSUM = "checksum"


class Damage(StoreError):
    """A file is not what was written. remedy: what makes it whole again, as a sentence."""

    def __init__(self, where: object, fault: str, remedy: str) -> None:
        super().__init__(f"{where} is damaged: {fault}. {remedy}")
        self.where = where
        self.fault = fault

    def warn(self) -> None:
        """Say that it is being made again."""
        warnings.warn(f"{self.where} is damaged: {self.fault}; made again", stacklevel=2)


def sealed(content: Mapping[str, Json]) -> dict[str, Json]:
    """The content with its schema and, last, its checksum: SHA-256 of everything else in canonical form.

    Example: `sealed({"a": 1})["checksum"] != sealed({"a": 2})["checksum"]`.
    """
    whole = json.loads(json.dumps({SCHEMA: SCHEMA_VERSION, **content}))  # as it will be read
    return {**whole, CHECKSUM: digest(whole)}


def unsealed(text: bytes | str, where: object, *, remedy: str) -> dict[str, Json]:
    """The content, with its schema and without its checksum. Raises Damage where it is not what was sealed.

    What was written before schema 2 has no checksum and is taken as it is.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:  # JSON, the encoding, or lists within lists without end
        raise Damage(where, f"it is not JSON ({error})", remedy) from error
    if not isinstance(content, dict):
        raise Damage(where, "it is no JSON object", remedy)
    checksum, version = content.pop(CHECKSUM, None), content.get(SCHEMA, 1)
    if checksum is None and version == 1:
        return content
    try:
        whole = checksum is not None and digest(content) == checksum
    except ValueError as error:  # half a surrogate pair, NaN: nothing that is ever sealed
        raise Damage(where, str(error), remedy) from error
    if not whole:
        raise Damage(where, "its content has another checksum than it had when it was written", remedy)
    if not isinstance(version, int):
        raise Damage(where, f"its schema is {version!r}", remedy)
    if version > SCHEMA_VERSION:
        raise StoreError(f"{where} has schema {version}, this sparsebench reads {SCHEMA_VERSION}. Upgrade sparsebench.")
    return content


def check_file(path: Path, checksum: str, *, remedy: str) -> None:
    """Raise Damage where a file is missing or has another SHA-256."""
    if not path.is_file():
        raise Damage(path, "it is not there", remedy)
    if sha256(path) != checksum:
        raise Damage(path, "it has another checksum than its record", remedy)


def read_checked(path: Path, checksum: str | None, *, remedy: str) -> bytes:
    """The bytes of a file. Raises Damage where it is missing or, where a checksum is known, has another one."""
    if checksum is not None:
        check_file(path, checksum, remedy=remedy)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Damage(path, "it is not there", remedy) from None
