"""A collection as `eda` looks at it: a source, or a dataset folder, in the same words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from artstyle.config import BalanceConfig
from artstyle.data.balance import Balanced, choose_balanced
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import ManifestRow, read_manifest
from artstyle.data.source import Source, SourceImage
from artstyle.data.sources import open_source, read_source_bytes
from artstyle.errors import DataError, ImageError
from artstyle.files import read_csv
from artstyle.images import read_bytes as read_file

DATASET = "dataset folder"
KEPT = "kept"
"""The fate of a source's painting that the balance policy would keep."""


@dataclass(frozen=True, slots=True)
class Painting:
    """One painting, whichever form its collection has."""

    path: str
    """Relative to the source, with forward slashes."""
    style: str
    artist: str
    """Empty where it is unknown."""
    fate: str
    """train, val or test; `KEPT`; or why it takes part in none: "balance", "copy", ..."""
    place: Path | SourceImage
    """Where its pixels are: the pre-resized copy, or the source's own."""
    width: int = 0
    """In pixels, upright, of the original; 0 where it is not known before decoding."""
    height: int = 0
    sha256: str = ""
    phash: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is no readable picture, or may not take part."""

    path: str
    style: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Collection:
    """Paintings with their styles, and what is known of the whole."""

    path: Path
    """As it was named."""
    root: Path
    """What the paintings' paths are relative to."""
    format: str
    """`DATASET`, or the form of the source."""
    paintings: tuple[Painting, ...]
    balance: BalanceConfig
    """The balance policy of the dataset folder, or the one that is tried on the source."""
    rejected: tuple[Unreadable, ...] = ()
    missing: int = 0
    """Names in lists that are not on disk."""
    notes: tuple[str, ...] = ()

    @property
    def is_dataset(self) -> bool:
        """Whether `artstyle prepare` wrote it."""
        return self.format == DATASET


def open_collection(
    path: Path,
    balance: BalanceConfig,
    seed: int,
    *,
    format: str | None = None,
    lists: Path | None = None,
) -> Collection:
    """Find the paintings of a dataset folder or of a source, without decoding any.

    Args:
        path: What to look at.
        balance: The policy whose effect on a source is shown; a dataset folder has its own.
        seed: Of the policy's choice.
        format: Of a source; None recognises it.
        lists: The folder of the ArtGAN lists where they do not lie beside the pictures.

    Raises:
        MissingError: There is no such file or folder.
        DataError: It holds no paintings.
    """
    if DatasetFolder(path).description_path.is_file():
        return _from_dataset(DatasetFolder(path))
    return _from_source(path, open_source(path, format, lists), balance, seed)


def read_bytes(
    collection: Collection, paintings: Sequence[Painting]
) -> Iterator[tuple[Painting, bytes | ImageError]]:
    """Yield each painting's file content, or why it cannot be had, in order."""
    if collection.is_dataset:
        for painting in paintings:
            yield painting, _cached_bytes(painting)
        return
    images = [painting.place for painting in paintings if isinstance(painting.place, SourceImage)]
    contents = read_source_bytes(collection.root, images)
    for painting, (_, content) in zip(paintings, contents, strict=True):
        yield painting, content


def _from_dataset(dataset: DatasetFolder) -> Collection:
    paintings = tuple(_from_row(dataset, row) for row in read_manifest(dataset.manifest_path))
    if not paintings:
        raise DataError(f"{dataset.manifest_path} lists no paintings; run 'artstyle prepare' again")
    return Collection(
        path=dataset.path,
        root=dataset.path,
        format=DATASET,
        paintings=paintings,
        balance=dataset.description.config.balance,
        rejected=tuple(_rejected(dataset.rejected_path)),
    )


def _from_row(dataset: DatasetFolder, row: ManifestRow) -> Painting:
    return Painting(
        path=row.path,
        style=row.style,
        artist=row.artist,
        fate=row.split or row.left_out,
        place=dataset.image_path(row),
        width=row.width,
        height=row.height,
        sha256=row.sha256,
        phash=row.phash,
    )


def _rejected(path: Path) -> Iterator[Unreadable]:
    if path.is_file():
        for row in read_csv(path, ours=True):
            cells = (row.get(name, "") for name in ("path", "style", "reason", "detail"))
            yield Unreadable(*cells)


def _from_source(path: Path, source: Source, balance: BalanceConfig, seed: int) -> Collection:
    images = source.images
    try:
        balanced = choose_balanced(
            [image.style for image in images], [image.path for image in images], balance, seed
        )
    except DataError as error:
        # Too few for `prepare`; they can be looked at all the same.
        balanced = Balanced(("rare_style",) * len(images), (f"'prepare' would refuse: {error}",))
    paintings = tuple(
        Painting(image.path, image.style, image.artist, reason or KEPT, image)
        for image, reason in zip(images, balanced.left_out, strict=True)
    )
    return Collection(
        path=path,
        root=source.root,
        format=source.format,
        paintings=paintings,
        balance=balance,
        missing=source.missing,
        notes=(*source.notes, *balanced.notes),
    )


def _cached_bytes(painting: Painting) -> bytes | ImageError:
    assert isinstance(painting.place, Path)
    try:
        return read_file(painting.place)
    except ImageError as error:
        return error
