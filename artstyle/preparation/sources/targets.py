"""What is recognised: the column that is read as the label, and paintings of several labels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from artstyle.collection.table import examples
from artstyle.config import LabelsConfig
from artstyle.errors import DataError, UnknownNameError, UsageError
from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.preparation.tables.cells import is_nothing
from artstyle.styles.names import labels_in

STYLE = "style"
_OF_FOLDERS = (STYLE, "artist")
"""What folders and file names say of a painting."""


def labelled_columns(columns: Mapping[str, str], target: str) -> dict[str, str]:
    """Return the columns of a table, with that of the target read as the label.

    Args:
        columns: path, style, artist ... -> the table's own name for it, as the user gave them.
        target: style, artist, genre, or a column of the table.

    Raises:
        UsageError: ``columns`` names another label.
    """
    if target == STYLE:
        return dict(columns)
    if STYLE in columns:
        raise UsageError(
            f"--columns style={columns[STYLE]} and --target {target} name two columns of labels;"
            " give one of them"
        )
    return {**columns, STYLE: columns.get(target, target)}


def with_target(source: Source, target: str) -> Source:
    """Return folders or lists with what their names say of the target as the label.

    Raises:
        UnknownNameError: Folders and file names do not say it.
        DataError: They say it of no picture.
    """
    if target not in _OF_FOLDERS:
        raise UnknownNameError("target of a source without a table", target, _OF_FOLDERS)
    if target == STYLE:
        return source
    known = [image for image in source.images if not is_nothing(image.artist)]
    if not known:
        raise DataError(
            f"no picture in {source.root} names its artist, as artist_title.jpg or"
            " Style/artist/title.jpg do; list the pictures in a manifest.csv with path,artist"
        )
    images = tuple(replace(image, style=image.artist) for image in known)
    unnamed = len(source.images) - len(known)
    notes = (f"pictures without an artist, left out: {unnamed}",) if unnamed else ()
    return replace(source, images=images, notes=(*source.notes, *notes))


def with_separate_labels(source: Source, labels: LabelsConfig) -> Source:
    """Return the source without paintings of several labels, unless ``labels.multi`` keeps them."""
    several = [image for image in source.images if len(labels_in(image.style)) > 1]
    if labels.multi or not several:
        return source
    noun = labels.target
    shown = [f"{image.path} ({image.style})" for image in several[:3]]
    note = (
        f"pictures of several {labels.plural}, left out: {len(several)}, as"
        f" {examples(shown, len(several))}; {kept_by(labels)}"
    )
    if len(several) == len(source.images):
        raise DataError(f"no picture in {source.root} has one {noun}: {note}")
    left = tuple(image for image in source.images if len(labels_in(image.style)) == 1)
    return replace(source, images=left, notes=(*source.notes, note))


def is_usable(labels: LabelsConfig, named: tuple[str, ...]) -> bool:
    """Return whether a painting with these labels takes part."""
    return bool(named) if labels.multi else len(named) == 1


def kept_by(labels: LabelsConfig) -> str:
    """Return the words that name the key for paintings of several labels."""
    return f"labels.multi=true keeps them, each under all its {labels.plural}"


def decided_images(
    images: Sequence[SourceImage], styles: Sequence[str], labels: LabelsConfig
) -> tuple[SourceImage, ...]:
    """Return the paintings as they take part.

    Of several labels, each has those that are recognised. Where the artist is the label, nothing
    more is known of artists: no score may count artists by themselves.
    """
    return tuple(
        replace(image, style=style, artist="" if labels.target == "artist" else image.artist)
        for image, style in zip(images, styles, strict=True)
    )
