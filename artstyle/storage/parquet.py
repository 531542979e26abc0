"""Parquet files, for which pyarrow must be installed."""

import importlib
from typing import Any

from artstyle.errors import MissingError


def import_pyarrow() -> Any:
    """Return pyarrow, with ``pyarrow.parquet`` loaded.

    Raises:
        MissingError: It is not installed.
    """
    try:
        importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise MissingError(
            'Parquet files need pyarrow, which is not installed: pip install "artstyle[parquet]"'
        ) from None
    return importlib.import_module("pyarrow")
