"""State dicts in files of any kind: their tensors, and under which prefix a network's names are."""

import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from safetensors import SafetensorError, safe_open
from torch import Tensor

from artstyle.errors import WeightsError
from artstyle.models.header import parse_header
from artstyle.models.torch_file import read_tensors
from artstyle.styles.names import visible

# Errors that torch and safetensors raised on damaged files.
_READING_ERRORS = (
    SafetensorError,
    BadZipFile,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    NotImplementedError,
    struct.error,
)
_AVERAGED = re.compile(r"(^|[._])ema([._]|$)", re.IGNORECASE)
"""An exponential moving average of the weights, in the names that timm and others give it."""
_ALIKE = 0.9
"""Share of the best prefix's tensors that another prefix needs to be as good."""


@dataclass(frozen=True)
class StateDict:
    """Tensors by name, and the styles of the head's rows where the file says them."""

    tensors: dict[str, Tensor]
    styles: tuple[str, ...] = ()


def read_state_dict(path: Path) -> StateDict:
    """Read a file of weights: one of ours, another safetensors file, or what `torch.save` wrote.

    Tensors in dictionaries within dictionaries get dotted names. Of our own checkpoints only the
    network is read, without its prefix.

    Raises:
        WeightsError: The file is not there, damaged, or holds something else.
    """
    if path.is_dir():
        raise WeightsError(f"{path} is a folder; name a file, as in checkpoints/best.safetensors")
    if not path.is_file():
        raise WeightsError(f"no weights file {path}; model.weights is imagenet, none or a file")
    try:
        with path.open("rb") as file:
            start = file.read(1024)
        # The length of a header of safetensors, and the header, which is JSON.
        state = _safetensors(path) if start[8:9] == b"{" else StateDict(_pickled(path, start))
    except _READING_ERRORS as error:
        raise WeightsError(f"{path} is not a file of weights: {first_line(error)}") from None
    for name, value in state.tensors.items():
        if value.is_complex():
            raise WeightsError(f"{path} holds complex numbers, in '{visible(name)}'")
    return state


def find_prefix(state: StateDict, wanted: Mapping[str, Tensor], path: Path) -> str:
    """Return the prefix under which most of a network's tensors are named.

    Frameworks put ``module.``, ``_orig_mod.``, ``model.`` and others before the names, and save
    them in dictionaries such as ``state_dict``; both are prefixes here. A moving average of the
    weights is preferred to the weights.

    Raises:
        WeightsError: Several networks in the file fit, and none of them is an average.
    """
    found: Counter[str] = Counter()
    for key, value in state.tensors.items():
        for tail in tails(key):
            if fits(value, wanted.get(tail)):
                found[key.removesuffix(tail)] += 1
    most = max(found.values(), default=0)
    best = sorted((p for p in found if found[p] >= _ALIKE * most), key=lambda p: (len(p), p))
    averages = [prefix for prefix in best if _AVERAGED.search(prefix)]
    chosen = averages or best
    if len(chosen) > 1:
        names = ", ".join(f"'{visible(prefix)}'" for prefix in chosen[:3])
        raise WeightsError(
            f"{path} holds {len(chosen)} networks that fit, with names that begin with {names};"
            " save one of them in a file of its own"
        )
    return chosen[0] if chosen else ""


def is_averaged(prefix: str) -> bool:
    """Return whether the names under a prefix are those of a moving average of the weights."""
    return bool(_AVERAGED.search(prefix))


def tails(name: str) -> Iterator[str]:
    """Yield a dotted name, whole and without its first parts: ``a.b.c``, ``b.c``, ``c``."""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield name


def fits(given: Tensor | None, wanted: Tensor | None) -> bool:
    """Return whether a tensor may take the place of another: same shape, same kind of numbers."""
    if given is None or wanted is None:
        return False
    same_kind = given.is_floating_point() == wanted.is_floating_point()
    return given.shape == wanted.shape and same_kind


def first_line(error: Exception) -> str:
    """Return an error's message on one line, at most 200 characters of it."""
    lines = str(error).strip().splitlines()
    return visible(lines[0])[:200] if lines else type(error).__name__


def _pickled(path: Path, start: bytes) -> dict[str, Tensor]:
    if not start:
        raise ValueError("it is empty")
    if start.startswith(b"version https://git-lfs"):
        raise ValueError("it only points to one; fetch it with 'git lfs pull'")
    if start.lstrip().startswith(b"<"):
        raise ValueError("it is a web page; download the file itself")
    if not start.startswith((b"PK", b"\x80")):
        raise ValueError("it is neither safetensors nor what torch.save writes")
    return read_tensors(path)


def _safetensors(path: Path) -> StateDict:
    with safe_open(path, framework="pt") as file:
        text = (file.metadata() or {}).get("artstyle", "")
        # In a checkpoint of ours, what else there is belongs to the training.
        ours = "weights." if text else ""
        tensors = {
            key.removeprefix(ours): file.get_tensor(key)
            for key in file.keys()  # noqa: SIM118
            if key.startswith(ours)
        }
    return StateDict(tensors, parse_header(text, path).labels if text else ())
