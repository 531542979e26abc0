"""The dataset folder, as everything after `prepare` reads it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from artstyle.config import Config, DataConfig
from artstyle.data.description import DECIDED_DATA_KEYS, DatasetDescription
from artstyle.data.manifest import SPLITS, ManifestRow, Split, read_manifest
from artstyle.errors import DataError, MissingError
from artstyle.storage.nearby import did_you_mean
from artstyle.styles.targets import Targets
from artstyle.styles.vocabulary import Vocabulary, recorded_vocabulary

_SECTIONS = ("quality", "balance", "split", "styles", "labels")


def is_decided(key: str) -> bool:
    """Return whether a dotted key of the configuration is settled once a data set is prepared."""
    section, _, name = key.partition(".")
    return section in _SECTIONS or (section == "data" and name in DECIDED_DATA_KEYS)


@dataclass(frozen=True, init=False)
class DatasetFolder:
    """A folder that `artstyle prepare` wrote: splits, labels, and a cache of images.

    Examples:
        >>> data = artstyle.DatasetFolder("data/processed")
        >>> {split: len(data.rows(split)) for split in ("train", "val", "test")}
        {'train': 28, 'val': 8, 'test': 4}
        >>> data.image_path(data.rows("train")[0]).suffix
        '.jpg'
    """

    path: Path

    def __init__(self, path: str | Path) -> None:
        object.__setattr__(self, "path", Path(path))

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
    def description(self) -> DatasetDescription:
        """The content of ``dataset.json``.

        Raises:
            MissingError: This is not a dataset folder.
            DataError: The file is damaged, or a later version of artstyle wrote it.
        """
        if not self.description_path.is_file():
            raise MissingError(
                f"{self.path} is not a dataset folder (it has no dataset.json);"
                f" make one with 'artstyle prepare SOURCE --out {self.path}'."
                + ("" if self.path.exists() else did_you_mean(self.path))
            )
        return DatasetDescription.read(self.description_path)

    @property
    def labels(self) -> tuple[str, ...]:
        """Style names; a style's position is its integer label."""
        return self.description.labels

    @property
    def targets(self) -> Targets:
        """The labels, and how many of them a painting has."""
        return Targets(self.labels, self.description.config.labels.multi)

    @property
    def data_config(self) -> DataConfig:
        """How `prepare` read the pictures."""
        recorded = self.description.config.data
        return DataConfig(**recorded.model_dump(include=set(DECIDED_DATA_KEYS)))

    def as_prepared(self, config: Config) -> Config:
        """Return a configuration whose decided keys say how this data set was prepared."""
        decided = self.description.config
        data = {key: getattr(decided.data, key) for key in DECIDED_DATA_KEYS}
        sections = {
            name: getattr(decided, name) for name in ("quality", "balance", "split", "labels")
        }
        return config.model_copy(update={"data": config.data.model_copy(update=data), **sections})

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the splits, labels and picture contents: equal data, equal fingerprint."""
        return self.description.fingerprint

    def vocabulary(self) -> Vocabulary:
        """Return artstyle's vocabulary of styles, and the one that `styles.file` named.

        Raises:
            DataError: The recorded vocabulary is damaged.
        """
        return recorded_vocabulary(self.path)

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
        if unknown := self.targets.unknown(row.style for row in rows):
            raise DataError(
                f"{self.manifest_path} has a style that {self.description_path.name} does not"
                f" name: {unknown[0]}; run 'artstyle prepare' again"
            )
        return rows

    def image_path(self, row: ManifestRow) -> Path:
        """Return the path of the pre-resized copy of a painting."""
        return self.path / row.cached
