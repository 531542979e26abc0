"""The header of a model's file: name, styles, preprocessing, calibration, as JSON text."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artstyle.confidence.answers import require_labels
from artstyle.confidence.calibration import Calibration
from artstyle.errors import DataError, WeightsError
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.storage.checks import checked, require_version
from artstyle.styles.names import is_style_name

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


def header_text(header: Header, state: object = None) -> str:
    """Return the header as JSON that `parse_header` reads."""
    metadata = {
        "format_version": _FORMAT_VERSION,
        "model": header.name,
        "labels": list(header.labels),
        "preprocessing": header.preprocessing.to_dict(),
        "about": header.about,
        "calibration": header.calibration and header.calibration.to_dict(),
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
