"""The header of a model's file: name, styles, preprocessing, calibration. No torch here."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, deserialize, safe_open

from artstyle.confidence.answers import require_labels
from artstyle.confidence.calibration import Calibration
from artstyle.errors import DataError, MissingError, WeightsError, one_line
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.storage.checks import checked, require_version
from artstyle.styles.names import is_style_name, visible

WEIGHTS = "weights."
"""What the names of the network's tensors begin with in a checkpoint."""
_FORMAT_VERSION = 1


@dataclass(frozen=True)
class Header:
    """The description of a model in its checkpoint."""

    name: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    about: dict[str, Any]
    """Plain data: the epoch, the score."""
    calibration: Calibration | None = None
    """How sure its answers are; None in files of earlier versions."""
    synthetic: bool = False
    """Whether artstyle painted all pictures that it learnt from."""
    multi: bool = False
    """Whether each label is answered by itself: a picture may have several."""


def header_text(header: Header, state: object = None) -> str:
    """Return the header as JSON that `parse_header` reads."""
    metadata = {
        "format_version": _FORMAT_VERSION,
        "model": header.name,
        "labels": list(header.labels),
        "preprocessing": header.preprocessing.to_dict(),
        "about": header.about,
        "calibration": header.calibration and header.calibration.to_dict(),
        "synthetic": header.synthetic,
        "multi": header.multi,
        "state": state,
    }
    return json.dumps(metadata)


def parse_header(text: str, path: Path) -> Header:
    """Read what `header_text` gave, from the metadata of a file.

    Raises:
        WeightsError: It was not written by us.
    """
    metadata = parse_metadata(text, path)
    labels = metadata.labels
    if not labels or len(set(labels)) < len(labels) or not all(map(is_style_name, labels)):
        raise WeightsError(f"{path} has no styles, or one twice, or one that is not visible text")
    try:
        require_labels(metadata.calibration, tuple(labels))
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    return Header(
        name=metadata.model,
        labels=tuple(labels),
        preprocessing=metadata.preprocessing,
        about=metadata.about,
        calibration=metadata.calibration,
        synthetic=metadata.synthetic,
        multi=metadata.multi,
    )


@dataclass(frozen=True)
class Metadata:
    """The metadata next to the tensors."""

    model: str
    labels: list[str]
    preprocessing: Preprocessing
    about: dict[str, Any]
    state: Any
    calibration: Calibration | None = None
    synthetic: bool = False
    multi: bool = False


def parse_metadata(text: str, path: Path) -> Metadata:
    """Read all that `header_text` gave, its types checked.

    Raises:
        WeightsError: It was not written by us.
    """
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        raise WeightsError(f"{path} was not written by artstyle") from None
    require_version(metadata, _FORMAT_VERSION, path)
    try:
        return checked(metadata, Metadata, path)
    except DataError as error:
        raise WeightsError(str(error)) from None


def read_header(path: Path) -> Header:
    """Return the header of a checkpoint, without its tensors.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not one of our checkpoints.
    """
    return parse_header(read_text(path), path)


def read_text(path: Path) -> str:
    """Return the text that `header_text` gave for a checkpoint; empty if the file has none.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not a safetensors file.
    """
    with opened(path, "np") as file:
        return str((file.metadata() or {}).get("artstyle", ""))


def checkpoint_fingerprint(path: Path) -> str:
    """Return the fingerprint that the model of a checkpoint has.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not one of our checkpoints.
    """
    header = read_header(path)
    found: list[Any] = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    parts = sorted((key, value["data"]) for key, value in found)
    weights = ((key.removeprefix(WEIGHTS), data) for key, data in parts if key.startswith(WEIGHTS))
    return fingerprint(header, weights)


def fingerprint(header: Header, weights: Iterable[tuple[str, bytes]]) -> str:
    """Return 12 hexadecimal digits over a model's header and weights.

    Args:
        header: The header.
        weights: Name and bytes of each tensor of the network, sorted by name.
    """
    plain: list[object] = [header.name, list(header.labels), header.preprocessing.to_dict()]
    if header.multi:
        plain.append("multi")
    if header.calibration is not None:
        known = header.calibration.to_dict()
        # Earlier versions had no such key, and their fingerprints stay.
        if known["thresholds"] is None:
            del known["thresholds"]
        plain.append(known)
    total = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for key, data in weights:
        total.update(key.encode())
        total.update(data)
    return total.hexdigest()[:12]


@contextmanager
def opened(path: Path, framework: Literal["np", "pt"]) -> Iterator[Any]:
    """Open a safetensors file; its header must agree with its size.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not a safetensors file.
    """
    if not path.is_file():
        raise MissingError(f"no checkpoint {path}")
    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        reason = visible(one_line(error))[:200]
        raise WeightsError(f"{path} is damaged or not a safetensors file: {reason}") from None
    except RuntimeError as error:
        # The file is opened once more by torch: with too many open, that is what fails.
        raise os_error(error, path) or error from None


def os_error(error: Exception, path: Path) -> OSError | None:
    """Return the system's error in a message of safetensors or torch, if there is one."""
    number = re.search(r"\((?:os error )?(\d+)\)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1])), str(path)) if number else None
