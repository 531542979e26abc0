"""The collections that a table joins, by the folders that its paths begin with."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from artstyle.preparation.sources.source import SourceImage
from artstyle.styles.vocabulary import known_style


def with_collections(
    images: Sequence[SourceImage],
) -> tuple[tuple[SourceImage, ...], tuple[str, ...]]:
    """Return a table's images with their source, and notes on where it was taken from.

    If the table names no source, it is the first folder of the path: ``museum-a/Baroque/x.jpg``.
    That holds only where every path begins with a folder of folders, there are two of them or
    more, and none is a style's: each holds several styles, or has no style's name.
    """
    if any(image.source for image in images):
        return tuple(images), ()
    styles = defaultdict[str, set[str]](set)
    for image in images:
        first, _, rest = image.path.partition("/")
        if "/" not in rest or PurePath(image.path).is_absolute():
            return tuple(images), ()
        styles[first].add(image.style)
    if len(styles) < 2 or any(
        known_style(folder) or len(inside) < 2 for folder, inside in styles.items()
    ):
        return tuple(images), ()
    named = tuple(replace(image, source=image.path.partition("/")[0]) for image in images)
    return named, (
        f"sources, taken from the first folders of the paths: {', '.join(sorted(styles))}",
    )
