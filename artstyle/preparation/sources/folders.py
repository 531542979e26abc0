"""Sources that are style folders."""

from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from artstyle.errors import DataError
from artstyle.preparation.sources.source import Source, SourceImage, artist_and_title, split_name
from artstyle.preparation.sources.tree import Parts, PictureTree
from artstyle.styles.vocabulary import known_style

_LISTED = 5


def read_folders(root: Path, tree: PictureTree) -> Source:
    """Read ``Style/artist_title.jpg`` and ``Style/artist/title.jpg``, at any depth.

    The style is the first folder below the root; folders that only wrap all others
    (``wikiart/Style/...``) are passed over first.

    Raises:
        DataError: No pictures are found, or none in a style folder.
    """
    require_pictures(root, tree)
    depth = wrapper_depth(tree.pictures, split_wraps=True)
    inside = [parts for parts in tree.pictures if len(parts) > depth + 1]
    if not inside:
        raise DataError(
            f"{root} holds pictures but no style folders; expected {expected(root)},"
            " or a manifest.csv with the columns path,style"
        )
    notes = (
        *tree.notes,
        *loose_notes([parts for parts in tree.pictures if len(parts) <= depth + 1]),
        *empty_notes(tree, depth),
        *wrapper_notes({parts[:depth] for parts in inside}),
        *level_notes(inside, depth),
        *tree.skipped_notes,
    )
    images = tuple(image(parts, depth, "") for parts in inside)
    return Source(root, "folders", images, 0, notes, tree.skipped)


def require_pictures(root: Path, tree: PictureTree) -> None:
    """Refuse a tree without pictures, with what there is instead."""
    if not tree.pictures:
        reasons = [*tree.notes[:1], *(note.partition(";")[0] for note in tree.skipped_notes)]
        reason = f" ({'; '.join(reasons)})" if reasons else ""
        raise DataError(f"{root} holds no pictures{reason}; expected {expected(root)}")


def wrapper_depth(pictures: Collection[Parts], *, start: int = 0, split_wraps: bool) -> int:
    """Return the first level from ``start`` on that is more than one folder of folders.

    Pictures next to that one folder do not count. A folder with the name of a WikiArt style never
    wraps; one with the name of a split does only if ``split_wraps``.
    """
    depth = start
    while True:
        inside = [parts for parts in pictures if len(parts) > depth + 1]
        names = {parts[depth] for parts in inside}
        name = names.pop() if len(names) == 1 else ""
        meant = known_style(name) or (split_name(name) and not split_wraps)
        if not name or meant or any(len(parts) == depth + 2 for parts in inside):
            return depth
        depth += 1


def image(parts: Parts, style_at: int, split: str, artist_at: int | None = None) -> SourceImage:
    """Return a painting as its folders and its name describe it; the style as the folder spells it.

    Args:
        parts: Of its path.
        style_at: The position of the style's folder.
        split: train, val, test, or "".
        artist_at: The position of the artist's folder, if there is one; None is below the style.
    """
    artist, title = artist_and_title(parts[-1])
    artist_at = style_at + 1 if artist_at is None else artist_at
    # A folder between style and file names the artist, unless the file itself says more.
    if len(parts) > artist_at + 1 and "-" not in artist:
        artist = parts[artist_at]
        title = PurePosixPath(parts[-1]).stem.removeprefix(f"{artist}_")
    return SourceImage("/".join(parts), parts[style_at], artist, title, "", split)


def loose_notes(loose: Collection[Parts]) -> tuple[str, ...]:
    """Return how many pictures are in no style folder."""
    if not loose:
        return ()
    example = "/".join(min(loose))
    return (f"pictures in no style folder, left out: {len(loose)}, as {example}",)


def empty_notes(tree: PictureTree, style_at: int) -> tuple[str, ...]:
    """Return which folders down to the level of the styles hold no picture that is read."""
    levels = range(style_at + 2)
    filled = {parts[:n] for parts in tree.pictures for n in levels if n < len(parts)}
    empty = [
        "/".join(parts)
        for parts in tree.folders
        if len(parts) in levels and parts not in filled and parts[:-1] in filled
    ]
    return (f"folders without a picture that is read: {listed(empty)}",) if empty else ()


def wrapper_notes(wrappers: Iterable[Parts]) -> tuple[str, ...]:
    """Return which folders above the styles were passed over; () where there are none."""
    names = sorted({"/".join(parts) for parts in wrappers} - {""})
    return (f"folders above the styles, passed over: {listed(names)}",) if names else ()


def level_notes(inside: Iterable[Parts], style_at: int) -> tuple[str, ...]:
    """Return which level was taken for the style, where there is a further one below it."""
    deeper = [parts for parts in inside if len(parts) > style_at + 2]
    if not deeper:
        return ()
    above = sorted({parts[style_at] for parts in deeper})
    below = sorted({parts[style_at + 1] for parts in deeper})
    ignored = sum("-" in artist_and_title(parts[-1])[0] for parts in deeper)
    role = "taken for the artists" if ignored < len(deeper) else "ignored"
    if ignored:
        role += f", as the file names give the artist of {ignored:,} pictures"
    note = (
        f"the folders {listed(above)} are taken for the styles;"
        f" the folders below them, {listed(below)}, are {role}"
    )
    styles = [name for name in below if known_style(name)]
    if styles:
        note += (
            f"; if {listed(styles)} should be styles, move them up one level,"
            " or list the pictures in a manifest.csv with path,style"
        )
    return (note,)


def listed(names: Collection[str]) -> str:
    """Return names as a list that stays short."""
    shown = ", ".join(list(names)[:_LISTED])
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown


def expected(root: Path) -> str:
    """Return what style folders look like."""
    return f"one folder for each style, as in {root}/Baroque/artist_title.jpg"
