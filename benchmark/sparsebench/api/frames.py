"""Tables as pandas data frames; pandas is imported when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sparsebench.errors import SparsebenchError

if TYPE_CHECKING:
    from pandas import DataFrame


def data_frame(rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Return a frame with one row a mapping. Raises SparsebenchError where pandas is not installed."""
    try:
        import pandas
    except ModuleNotFoundError:
        raise SparsebenchError("to_pandas needs pandas: python -m pip install 'sparsebench[pandas]'") from None
    return pandas.DataFrame(list(rows))
