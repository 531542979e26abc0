"""Sources that are style folders, with or without train, val and test above them."""

import os
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from artstyle.data.source import (
    Source,
    SourceImage,
    artist_and_title,
    is_picture_name,
    portable_name,
    split_name,
)
from artstyle.errors import DataError
from artstyle.labels import WIKIART_STYLES, canonical_style
from artstyle.pictures.faults import FAULTS_OF_THE_MACHINE

Parts = tuple[str, ...]


@dataclass(frozen=True)
class PictureTree:
    """All files below a folder whose names are those of pictures."""

    pictures: tuple[Parts, ...]
    """Folder names from the root down and the file name, in order of the joined path."""
    notes: tuple[str, ...]


def find_pictures(root: Path) -> PictureTree:
    """List the pictures below ``root`` by name; none is opened.

    Hidden files and folders, and dataset folders made by ``prepare``, are passed over. Links are
    followed, each folder is listed once, however many links or loops of links lead to it.
    """
    pictures: list[Parts] = []
    notes: list[str] = []
    seen: set[tuple[int, int]] = set()
    folders: deque[tuple[Parts, Path]] = deque([((), root)])
    links: deque[tuple[Parts, Path]] = deque()
    while folders or links:
        parts, folder = folders.popleft() if folders else links.popleft()
        try:
            identity, entries = _list_folder(folder)
        except OSError as error:
            if error.errno in FAULTS_OF_THE_MACHINE:
                raise
            notes.append(f"{folder} cannot be listed: {error.strerror}")
            continue
        if identity in seen or (parts and _is_dataset_folder(entries)):
            continue
        seen.add(identity)
        for entry in entries:
            below = (*parts, portable_name(entry.name))
            if _is_folder(entry):
                (links if entry.is_symlink() else folders).append((below, Path(entry.path)))
            elif is_picture_name(entry.name):
                pictures.append(below)
    return PictureTree(tuple(sorted(pictures, key="/".join)), tuple(notes))


def read_folders(root: Path, tree: PictureTree) -> Source:
    """Read ``Style/artist_title.jpg`` and ``Style/artist/title.jpg``, at any depth.

    The style is the first folder below the root; folders that only wrap all others
    (``wikiart/Style/...``) are passed over first.

    Raises:
        DataError: There are no pictures, or none in a style folder.
    """
    _require_pictures(root, tree)
    depth = _wrapper_depth(tree.pictures, split_wraps=True)
    images = [_image(parts, depth, "") for parts in tree.pictures if len(parts) > depth + 1]
    if not images:
        raise DataError(
            f"{root} holds pictures but no style folders; expected {_expected(root)},"
            " or a manifest.csv with the columns path,style"
        )
    loose = [parts for parts in tree.pictures if len(parts) == depth + 1]
    return Source(root, "folders", tuple(images), 0, (*tree.notes, *_loose_notes(loose)))


def read_split_folders(root: Path, tree: PictureTree) -> Source:
    """Read ``train/Style/...``, ``val/Style/...`` and ``test/Style/...``; names in any case.

    Raises:
        DataError: There are no pictures in such folders.
    """
    _require_pictures(root, tree)
    depth = _wrapper_depth(tree.pictures, split_wraps=False)
    images, loose, outside = [], [], Counter[str]()
    for parts in tree.pictures:
        folder = parts[depth] if len(parts) > depth + 1 else "."
        split = split_name(folder)
        if split is None:
            outside[folder] += 1
        elif len(parts) == depth + 2:
            loose.append(parts)
        else:
            images.append(_image(parts, depth + 1, split))
    if not images:
        raise DataError(
            f"{root} has no pictures in split folders; expected {root}/train/Style/artist_title.jpg"
            " and the same under val and test"
        )
    ignored = [
        f"pictures in {name}, outside train, val and test, left out: {count}"
        for name, count in sorted(outside.items())
    ]
    notes = (*tree.notes, *_loose_notes(loose), *ignored)
    return Source(root, "split_folders", tuple(images), 0, notes)


def has_split_folders(tree: PictureTree) -> bool:
    """Return whether at least two of train, val and test hold folders of pictures."""
    depth = _wrapper_depth(tree.pictures, split_wraps=False)
    names = {parts[depth] for parts in tree.pictures if len(parts) > depth + 2}
    return len({split_name(name) for name in names} - {None}) >= 2


def _list_folder(folder: Path) -> tuple[tuple[int, int], list[os.DirEntry[str]]]:
    """Return what identifies a folder whatever its name, and what it holds, sorted by name."""
    status = folder.stat()
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    return (status.st_dev, status.st_ino), sorted(visible, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A link to itself: reading it tells what it is.
        return False


def _is_dataset_folder(entries: Collection[os.DirEntry[str]]) -> bool:
    """Return whether ``prepare`` made this folder: what lies there are copies, not a style."""
    return {"dataset.json", "manifest.csv"} <= {entry.name for entry in entries}


def _require_pictures(root: Path, tree: PictureTree) -> None:
    if not tree.pictures:
        reason = f" ({tree.notes[0]})" if tree.notes else ""
        raise DataError(f"{root} holds no pictures{reason}; expected {_expected(root)}")


def _wrapper_depth(pictures: Collection[Parts], *, split_wraps: bool) -> int:
    """Return how many folder levels hold nothing but one folder of folders.

    A folder with the name of a WikiArt style is none that wraps; one with the name of a split is
    one only if ``split_wraps``.
    """
    depth = 0
    while True:
        names = {parts[depth] if len(parts) > depth + 1 else "" for parts in pictures}
        name = names.pop() if len(names) == 1 else ""
        meant = canonical_style(name) in WIKIART_STYLES
        meant = meant or (split_name(name) is not None and not split_wraps)
        if not name or meant or any(len(parts) == depth + 2 for parts in pictures):
            return depth
        depth += 1


def _image(parts: Parts, style_at: int, split: str) -> SourceImage:
    artist, title = artist_and_title(parts[-1])
    # A folder between style and file names the artist, unless the file itself says more.
    if len(parts) > style_at + 2 and "-" not in artist:
        artist = parts[style_at + 1]
        title = PurePosixPath(parts[-1]).stem.removeprefix(f"{artist}_")
    style = canonical_style(parts[style_at])
    return SourceImage("/".join(parts), style, artist, title, "", split)


def _loose_notes(loose: Collection[Parts]) -> tuple[str, ...]:
    if not loose:
        return ()
    example = "/".join(min(loose))
    return (f"pictures in no style folder, left out: {len(loose)}, as {example}",)


def _expected(root: Path) -> str:
    return f"one folder for each style, as in {root}/Baroque/artist_title.jpg"
