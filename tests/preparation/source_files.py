"""Files that tests make a source of, and what they ask of it."""

from collections.abc import Sequence
from pathlib import Path

from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.storage.files import write_csv
from tests.preparation.wikiart_names import tiny_picture


def paint(root: Path, *names: str) -> None:
    """Write a tiny picture under each name; folders are made."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tiny_picture(name).save(path, "JPEG")


def paths(source: Source) -> list[str]:
    """Return the path of each painting."""
    return [image.path for image in source.images]


def only(source: Source) -> SourceImage:
    """Return the one painting of a source."""
    (image,) = source.images
    return image


def write_manifest(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    """Write rows whose columns are those of the first."""
    write_csv(path, tuple(rows[0]), rows)
    return path
