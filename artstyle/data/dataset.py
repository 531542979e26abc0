"""The dataset folder, as everything after `prepare` reads it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from artstyle.checks import checked, require_version
from artstyle.config import BalanceConfig, DataConfig, QualityConfig, SplitConfig
from artstyle.data.manifest import SPLITS, ManifestRow, Split, read_manifest
from artstyle.errors import DataError, MissingError
from artstyle.files import read_json

_SECTIONS = ("quality", "balance", "split")
_DATA_KEYS = ("data.cache_size", "data.background", "data.max_pixels", "data.min_side_px")

FORMAT_VERSION = 1
"""Version of dataset.json; a reader refuses newer ones."""


def is_decided(key: str) -> bool:
    """Return whether `prepare` decides a dotted key of the configuration."""
    return key.split(".")[0] in _SECTIONS or key in _DATA_KEYS


@dataclass(frozen=True)
class DatasetFolder:
    """A folder that `artstyle prepare` wrote: splits, labels, and a cache of images."""

    path: Path

    @property
    def description_path(self) -> Path:
        """``dataset.json``: labels, counts, every decision taken, the fingerprint."""
        return self.path / "dataset.json"

    @property
    def manifest_path(self) -> Path:
        """``manifest.csv``: every readable painting."""
        return self.path / "manifest.csv"

    @property
    def rejected_path(self) -> Path:
        """``rejected.csv``: every file that was left out, with the reason."""
        return self.path / "rejected.csv"

    @property
    def images_path(self) -> Path:
        """``images/``: the pre-resized cache."""
        return self.path / "images"

    @cached_property
    def description(self) -> dict[str, Any]:
        """The content of ``dataset.json``.

        Raises:
            MissingError: This is not a dataset folder.
            DataError: The file is damaged, or a later version of artstyle wrote it.
        """
        if not self.description_path.is_file():
            raise MissingError(
                f"{self.path} is not a dataset folder (it has no dataset.json);"
                f" make one with 'artstyle prepare SOURCE --out {self.path}'"
            )
        description: dict[str, Any] = read_json(self.description_path)
        require_version(description, FORMAT_VERSION, self.description_path)
        checked(description, _Description, self.description_path)
        return description

    @property
    def labels(self) -> tuple[str, ...]:
        """Style names; a style's position is its integer label."""
        return tuple(self.description["labels"])

    @property
    def data_config(self) -> DataConfig:
        """How `prepare` read the images."""
        recorded = self.description["config"]["data"]
        names = [key.removeprefix("data.") for key in _DATA_KEYS]
        return DataConfig(**{name: recorded[name] for name in names if name in recorded})

    @property
    def fingerprint(self) -> str:
        """SHA-256 over splits, labels and image contents: equal data, equal fingerprint."""
        return str(self.description["fingerprint"])

    def rows(self, split: Split) -> list[ManifestRow]:
        """Return the paintings of one split, in manifest order.

        Raises:
            DataError: The split is empty, or has an unknown style.
        """
        self.description  # noqa: B018  # raises if the folder is not a data set
        rows = [row for row in read_manifest(self.manifest_path) if row.split == split]
        if not rows:
            raise DataError(
                f"{self.path} has no {split} images; the splits are {', '.join(SPLITS)}"
            )
        if unknown := {row.style for row in rows} - set(self.labels):
            raise DataError(
                f"{self.manifest_path} has a style that {self.description_path.name} does not"
                f" name: {min(unknown)}; run 'artstyle prepare' again"
            )
        return rows

    def image_path(self, row: ManifestRow) -> Path:
        """Return the path of a painting's pre-resized copy."""
        return self.path / row.cached


@dataclass(frozen=True)
class _Config:
    seed: int
    data: DataConfig
    quality: QualityConfig
    balance: BalanceConfig
    split: SplitConfig


@dataclass(frozen=True)
class _Oracle:
    accuracy: float


@dataclass(frozen=True)
class _SplitReport:
    group: str
    counts: dict[str, dict[Split, int]]
    totals: dict[Split, int]
    artist_overlap: dict[Split, float | None]
    artist_oracle: dict[Split, _Oracle | None]


@dataclass(frozen=True)
class _Description:
    """The keys of ``dataset.json`` that artstyle reads."""

    fingerprint: str
    labels: list[str]
    config: _Config
    split: _SplitReport
    notes: list[str]
