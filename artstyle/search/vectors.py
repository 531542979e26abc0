"""The file of embeddings: vectors and works in one safetensors file, written and read in parts.

Its tensors: a matrix for each kind of embedding; ``rows``, the works as lines of JSON; ``ends``,
where each line ends; ``paths`` and ``artists``, a number for each; ``checksums``, a CRC-32 of each
row. The library of the format would need all of it in memory.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artstyle.errors import DataError

NUMBER_BYTES = 4
"""Bytes of a number of a vector: float32, little-endian."""
_DTYPES = {"F32": "<f4", "I64": "<i8", "U64": "<u8", "U32": "<u4", "U8": "u1"}
_LONGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class Tensor:
    """A tensor to be written."""

    dtype: str
    """As the format names it: F32, I64, U64, U32, U8."""
    shape: tuple[int, ...]
    parts: Iterable[bytes]
    """Its bytes in order: little-endian, row by row."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file from parts that come one by one."""
    header, end = {}, 0
    for name, tensor in tensors.items():
        first, end = end, end + np.dtype(_DTYPES[tensor.dtype]).itemsize * math.prod(tensor.shape)
        header[name] = {
            "dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [first, end]
        }  # fmt: skip
    text = json.dumps(header).encode()
    # Numbers begin where a processor reads them fastest.
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            for part in tensor.parts:
                file.write(part)
        assert file.tell() == 8 + len(text) + end, "the parts do not fill the tensors"


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Return the tensors of a safetensors file; the system reads of them what is used.

    Raises:
        DataError: The file is missing or not one, or shorter or longer than its header says.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _LONGEST_HEADER:
                raise ValueError
            header = json.loads(file.read(length))
        if max(entry["data_offsets"][1] for entry in header.values()) != size - 8 - length:
            raise ValueError
        return {name: _mapped(path, 8 + length, entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, FileNotFoundError):
        raise DataError(
            f"{path} is missing or damaged; make the index again with --overwrite"
        ) from None


def _mapped(path: Path, start: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"])
    first, end = entry["data_offsets"]
    if first < 0 or end - first != dtype.itemsize * math.prod(shape):
        raise ValueError
    return np.memmap(path, dtype, "r", start + first, shape)
