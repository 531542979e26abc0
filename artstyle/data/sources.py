"""Where paintings come from: the form of a source is recognised, its paintings are read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from artstyle.data.source import Format, Source, SourceImage
from artstyle.errors import ImageError

__all__ = ["Source", "SourceImage", "open_source", "read_source_bytes", "stat_key"]


def open_source(path: Path, format: str | None = None, lists: Path | None = None) -> Source:
    """Find the paintings of a source, without opening them.

    Args:
        path: A folder, a CSV manifest or a Parquet shard.
        format: One of ``FORMATS``; None recognises it.
        lists: The folder of the ArtGAN lists where they do not lie beside the pictures.

    Raises:
        MissingError: There is no such file or folder.
        UnknownNameError: There is no such format.
        DataError: It holds no paintings in a layout that is understood.
    """
    raise NotImplementedError


def read_source_bytes(
    root: Path, images: Sequence[SourceImage]
) -> Iterator[tuple[SourceImage, bytes | ImageError]]:
    """Yield each picture's file content, or why it cannot be had, in the order of ``images``.

    Each file is opened once, and each row group of a Parquet shard is read once, where
    ``images`` has the order of ``Source.images``. The arguments can go to another process.
    """
    raise NotImplementedError


def stat_key(root: Path, image: SourceImage) -> tuple[int, int]:
    """Return size in bytes and time of change in ns of the file that holds a painting.

    Both are -1 where it cannot be asked.
    """
    raise NotImplementedError
