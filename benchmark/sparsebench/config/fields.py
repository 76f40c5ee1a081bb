"""Types of values that suites and recipes share."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Gt
from pydantic import StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=1024)]

FileName = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]*$", max_length=60)]
"""Of folders and files; a file system counts bytes, of which a character has up to 4, and endings are added."""

Positive = Annotated[int, Gt(0)]
