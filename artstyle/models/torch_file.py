"""The tensors in what `torch.save` wrote, of which nothing can run.

The pickle in it is read as data; what torch's own rebuilding functions would make of it, tensors,
is made here. Everything else in the file stays as it is.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, is_zipfile

import torch
from torch import Tensor

from artstyle.models.inert_pickle import Call, Machine, Storage

_LEGACY_MARK = 0x1950A86A20F9469CFC6C
"""The number that files of `torch.save` began with before PyTorch 1.6."""
_MAX_THINGS, _MAX_DEPTH = 200_000, 6
_DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
_PLAIN = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
_PARAMETERS = (
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
)
_SUBCLASS = "torch._tensor._rebuild_from_type_v2"

Read = Callable[[str], bytearray]
"""Returns the bytes of the storage with a key."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return every tensor that has a name, in dictionaries at most six deep.

    Args:
        path: A zip archive or a file of the older format, as `torch.save` writes them.

    Returns:
        Dotted name -> tensor: ``{"model": {"fc.bias": tensor}}`` gives ``model.fc.bias``.

    Raises:
        ValueError: The file holds something else; the message says what.
        ArithmeticError, AttributeError, BadZipFile, EOFError, LookupError, OSError, RuntimeError,
        TypeError: The file is damaged.
    """
    with _archive(path) if is_zipfile(path) else _legacy(path) as (tree, read):
        found = list(islice(_walk(tree, ""), _MAX_THINGS + 1))
        if len(found) > _MAX_THINGS:
            raise ValueError("it holds too many things for a file of weights")
        tensors = {name: _tensor(name, thing, read) for name, thing in found if _is_tensor(thing)}
    if not tensors:
        raise ValueError(_why_none(tree))
    return tensors


@contextmanager
def _archive(path: Path) -> Iterator[tuple[Any, Read]]:
    """Open a zip archive: the pickle is ``NAME/data.pkl``, each storage ``NAME/data/KEY``."""
    with ZipFile(path) as archive:
        names = archive.namelist()
        if any(name.endswith("/constants.pkl") for name in names):
            raise ValueError("it is a TorchScript program; save the network's state dict instead")
        pickles = [name for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError("it is a zip archive that torch.save did not write")
        if any(part.compress_type != ZIP_STORED for part in archive.infolist()):
            raise ValueError("its parts are compressed, which torch.save never does")
        if sum(part.file_size for part in archive.infolist()) > path.stat().st_size:
            raise ValueError("its parts are larger than the file")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}byteorder" in names:
            _require_order(archive.read(f"{root}byteorder").decode("ascii"))
        tree = Machine().run(BytesIO(archive.read(pickles[0])))
        yield tree, cache(lambda key: bytearray(archive.read(f"{root}data/{key}")))


@contextmanager
def _legacy(path: Path) -> Iterator[tuple[Any, Read]]:
    """Open a file of five pickles (mark, version, system, content, keys) and the storages."""
    file, machine = BytesIO(path.read_bytes()), Machine()
    if file.getvalue().startswith(b"PK"):
        raise ValueError("it is a zip archive without its end, cut short or damaged")
    if not file.getvalue().startswith(b"\x80") or machine.run(file) != _LEGACY_MARK:
        raise ValueError("torch.save did not write it")
    _, system, tree, keys = (machine.run(file) for _ in range(4))
    _require_order("little" if system["little_endian"] else "big")
    storages = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        storages[key] = bytearray(file.read(count * _dtype(machine.storages[key]).itemsize))
    yield tree, storages.__getitem__


def _require_order(order: str) -> None:
    if order != sys.byteorder:
        raise ValueError(f"its numbers are {order}-endian, those of this machine are not")


def _walk(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield everything that has a name, dictionaries too, with the dotted name."""
    yield name, value
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        for key, item in value.items():
            if isinstance(key, str):
                yield from _walk(item, f"{name}.{key}" if name else key, depth + 1)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Call) and value.path.startswith(("torch._utils._rebuild", _SUBCLASS))


def _tensor(name: str, call: Call, read: Read) -> Tensor:
    """Make a tensor of a storage's bytes; torch refuses one that reaches beyond them."""
    plain = _plain(call)
    storage, offset, size, stride, *others = plain.arguments if plain else (None,) * 4
    # The others are requires_grad, hooks, and how to negate or conjugate what was stored.
    if not isinstance(storage, Storage) or any(others[2:]):
        raise ValueError(f"'{name}' is not a plain tensor ({call.path})")
    content, dtype = read(storage.key), _dtype(storage)
    numbers = torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
    return numbers.as_strided(size, stride, offset)


def _plain(call: Any) -> Call | None:
    """Return the plain tensor in a parameter, or in a tensor of another class."""
    for _ in range(4):  # A hostile one could be inside itself.
        if not isinstance(call, Call):
            return None
        if call.path in _PLAIN:
            return call
        if call.path == _SUBCLASS:
            function, _, arguments, _ = call.arguments
            call = Call(function.path, arguments)
        else:
            call = call.arguments[0] if call.path in _PARAMETERS else None
    return None


def _dtype(storage: Storage) -> torch.dtype:
    if storage.type not in _DTYPES:
        raise ValueError(f"its numbers are of a type that weights are not ({storage.type})")
    return _DTYPES[storage.type]


def _why_none(tree: Any) -> str:
    values = tree.values() if isinstance(tree, dict) else [tree]
    made = [value.path for value in values if isinstance(value, Call)]
    if made:
        return (
            f"it is, or holds, a {made[0]}, which may be a program and is not read;"
            " save its weights alone: torch.save(network.state_dict(), FILE)"
        )
    keys = ", ".join(str(key) for key in islice(tree, 5)) if isinstance(tree, dict) else ""
    return f"it holds no tensors under names{f', but {keys}' if keys else ''}"
