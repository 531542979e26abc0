"""The pictures that a command names: files and folders, a collection's own list, or IIIF."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from artstyle.cli.terminal.console import say, say_skipped
from artstyle.errors import UsageError

if TYPE_CHECKING:
    from artstyle.collection.picture_list import PictureList
    from artstyle.pictures.finding import PicturePath


class Skipped:
    """Counts the files that the search for pictures passes over."""

    def __init__(self, listed: bool) -> None:
        self._listed, self._counts = listed, Counter[str]()

    def add(self, path: Path) -> None:
        """Count a file, and name it if that was asked for."""
        from artstyle.pictures.skipped import ending

        self._counts[ending(path.name)] += 1
        say_skipped([path] if self._listed else ())

    def say_count(self) -> None:
        """Print how many files were passed over, by their endings."""
        from artstyle.pictures.skipped import counted_endings

        if self._counts:
            say(f"note: {counted_endings(self._counts)}; --list-skipped names them")


@dataclass(frozen=True)
class Pictures:
    """The pictures that a command names, in order."""

    stream: "Callable[[int], Iterator[PicturePath]]"
    """Called once, with the shorter side in pixels that the model reads."""
    count: Callable[[], int | None]
    """How many there are, where that is known."""
    is_iiif: bool = False
    """Whether all of them come from IIIF documents."""
    listed: "PictureList | None" = None
    """The collection's own list that names them."""


def pictures_of(
    paths: list[str],
    images: Path | None = None,
    path_column: str | None = None,
    id_column: str | None = None,
    skipped: "Skipped | None" = None,
) -> Pictures:
    """Return the pictures of files and folders, of a collection's own list, or of IIIF documents.

    Raises:
        MissingError: No picture was found.
        UsageError: Options of a list are given without one, or several lists.
    """
    from artstyle.collection.picture_list import LIST_ENDINGS
    from artstyle.iiif.sources import is_iiif

    manifests = [path for path in paths if is_iiif(path)]
    if manifests:
        return _iiif_pictures(manifests, paths)
    lists = [path for path in paths if Path(path).suffix.lower() in LIST_ENDINGS]
    if lists and len(lists) == len(paths):
        if len(lists) > 1:
            raise UsageError(f"{lists[0]} and {lists[1]} are lists; answer one at a time")
        return _listed_pictures(Path(lists[0]), images, path_column, id_column)
    for option, value in {
        "--images": images,
        "--path-column": path_column,
        "--id-column": id_column,
    }.items():
        if value is not None:
            raise UsageError(f"{option} goes with a list: .csv, .tsv, .txt or .xlsx")

    from artstyle.pictures.finding import count_pictures, find_pictures, require_pictures

    found = require_pictures(find_pictures(paths, skipped=(skipped or Skipped(listed=False)).add))
    return Pictures(lambda size: found, partial(count_pictures, paths))


def _iiif_pictures(manifests: list[str], paths: list[str]) -> Pictures:
    if len(manifests) < len(paths):
        other = next(path for path in paths if path not in manifests)
        raise UsageError(f"{manifests[0]} is IIIF and {other} is not; answer one at a time")

    def stream(short_side_px: int) -> "Iterator[PicturePath]":
        from artstyle.iiif.pictures import iiif_pictures
        from artstyle.pictures.finding import require_pictures

        return require_pictures(
            iiif_pictures(manifests, short_side_px, lambda note: say(f"note: {note}"))
        )

    return Pictures(stream, lambda: None, is_iiif=True)


def _listed_pictures(
    path: Path, images: Path | None, path_column: str | None, id_column: str | None
) -> Pictures:
    from artstyle.collection.list_columns import Wanted
    from artstyle.collection.picture_list import read_picture_list

    listed = read_picture_list(path, images, Wanted(path_column, id_column))
    for note in listed.notes:
        say(f"note: {note}")
    return Pictures(lambda size: listed.pictures(), lambda: len(listed.rows), listed=listed)
