"""The paintings that `eda` looks at: of a source or of a dataset folder, in the same form."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from artstyle.config import STYLE_LABELS, BalanceConfig, LabelsConfig
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import ManifestRow, read_manifest
from artstyle.data.reasons import MaybeReason
from artstyle.eda.document import KEPT, RejectedFile
from artstyle.errors import DataError, ImageError
from artstyle.pictures.opening import read_bytes as read_file
from artstyle.preparation.balance import Balanced, choose_balanced, counted_labels
from artstyle.preparation.sources.opening import open_source, read_source_bytes
from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.preparation.split_report import one_style_notes
from artstyle.storage.files import read_csv
from artstyle.styles.vocabulary import Vocabulary

DATASET = "dataset folder"
_SEVERAL = "a painting of several labels is shown and counted under the rarest of them only"


@dataclass(frozen=True, slots=True)
class Painting:
    """One painting of a source or of a dataset folder."""

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


@dataclass(frozen=True)
class Collection:
    """Paintings with their styles, and what is known about all of them."""

    path: Path
    """As it was given."""
    root: Path
    """What the paintings' paths are relative to."""
    name: str
    """The source's folder or file."""
    format: str
    """`DATASET`, or the format of the source."""
    paintings: tuple[Painting, ...]
    balance: BalanceConfig
    """The balance policy of the dataset folder, or the one that is tried on the source."""
    rejected: tuple[RejectedFile, ...] = ()
    missing: int = 0
    """Files that a list names and that do not exist."""
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    """Paths of files that are not read as pictures."""

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
    columns: Mapping[str, str] | None = None,
    images: Path | None = None,
    vocabulary: Vocabulary | None = None,
    labels: LabelsConfig = STYLE_LABELS,
) -> Collection:
    """Find the paintings of a dataset folder or of a source, without decoding any.

    Args:
        path: What to look at.
        balance: The policy whose effect on a source is shown; a dataset folder has its own.
        seed: Of the random choice that the policy makes.
        format: Of a source; None recognises it.
        lists: The folder of the ArtGAN lists, if it is not the folder of the pictures.
        columns: How a table names path, style, artist, title, genre or split, where otherwise.
        images: The folder that the paths of a CSV manifest start from; None is its own.
        vocabulary: Which names stand for one style of a source; None is artstyle's.
        labels: What is recognised in a source, and whether a painting may have several labels.

    Raises:
        MissingError: The file or folder does not exist.
        DataError: It holds no paintings.
    """
    if DatasetFolder(path).description_path.is_file():
        return _from_dataset(DatasetFolder(path))
    found = open_source(path, format, lists, columns, images, vocabulary, labels)
    return _from_source(path, found, balance, seed, labels)


def read_bytes(
    collection: Collection, paintings: Sequence[Painting]
) -> Iterator[tuple[Painting, bytes | ImageError]]:
    """Yield the content of each painting's file, or why it cannot be read, in order."""
    if collection.is_dataset:
        for painting in paintings:
            yield painting, _cached_bytes(painting)
        return
    images = [painting.place for painting in paintings if isinstance(painting.place, SourceImage)]
    contents = read_source_bytes(collection.root, images)
    for painting, (_, content) in zip(paintings, contents, strict=True):
        yield painting, content


def _from_dataset(dataset: DatasetFolder) -> Collection:
    rows = list(read_manifest(dataset.manifest_path))
    styles = counted_labels([row.style for row in rows])
    paintings = tuple(
        _from_row(dataset, row, style) for row, style in zip(rows, styles, strict=True)
    )
    if not paintings:
        raise DataError(f"{dataset.manifest_path} lists no paintings; run 'artstyle prepare' again")
    return Collection(
        path=dataset.path,
        root=dataset.path,
        name=dataset.description.source.name,
        format=DATASET,
        paintings=paintings,
        balance=dataset.description.config.balance,
        rejected=tuple(_rejected(dataset.rejected_path)),
        notes=(_SEVERAL,) if dataset.targets.multi else (),
    )


def _from_row(dataset: DatasetFolder, row: ManifestRow, style: str) -> Painting:
    return Painting(
        path=row.path,
        style=style,
        artist=row.artist,
        fate=row.split or row.left_out,
        place=dataset.image_path(row),
        width=row.width,
        height=row.height,
        sha256=row.sha256,
        phash=row.phash,
    )


def _rejected(path: Path) -> Iterator[RejectedFile]:
    if path.is_file():
        for row in read_csv(path, ours=True):
            cells = {name: row.get(name, "") for name in ("path", "style", "reason", "detail")}
            yield RejectedFile(**cells)


def _from_source(
    path: Path, source: Source, balance: BalanceConfig, seed: int, labels: LabelsConfig
) -> Collection:
    images = source.images
    styles = counted_labels([image.style for image in images])
    try:
        balanced = choose_balanced(styles, [image.path for image in images], balance, seed, labels)
    except DataError as error:
        # `prepare` needs more paintings; looking at them does not.
        rare: list[MaybeReason] = ["rare_style"] * len(images)
        balanced = Balanced(tuple(rare), (f"'prepare' would refuse: {error}",))
    paintings = tuple(
        Painting(image.path, style, image.artist, reason or KEPT, image)
        for image, style, reason in zip(images, styles, balanced.left_out, strict=True)
    )
    several = (_SEVERAL,) if labels.multi else ()
    return Collection(
        path=path,
        root=source.root,
        name=path.resolve().stem if path.is_file() else path.resolve().name,
        format=source.format,
        paintings=paintings,
        balance=balance,
        missing=source.missing,
        notes=(
            *source.notes,
            *several,
            *balanced.notes,
            *one_style_notes(set(styles), labels.target),
        ),
        skipped=source.skipped,
    )


def _cached_bytes(painting: Painting) -> bytes | ImageError:
    assert isinstance(painting.place, Path)
    try:
        return read_file(painting.place)
    except ImageError as error:
        return error
