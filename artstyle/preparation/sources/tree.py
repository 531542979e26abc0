"""A tree of folders as it is on disk: its pictures, and all that is passed over."""

import os
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from artstyle.collection.portable import portable_name
from artstyle.pictures.faults import FAULTS_OF_THE_MACHINE
from artstyle.pictures.formats.kinds import is_picture
from artstyle.pictures.skipped import is_litter, skipped_sentence
from artstyle.preparation.sources.source import Source

Parts = tuple[str, ...]


@dataclass(frozen=True)
class PictureTree:
    """The pictures below a folder, and the files that are passed over."""

    pictures: tuple[Parts, ...]
    """Folder names from the root down and the file name, in order of the joined path."""
    notes: tuple[str, ...]
    folders: tuple[Parts, ...]
    """All folders that were entered, in the same order; the root is not one of them."""
    skipped: tuple[str, ...]
    """Paths of the files that are not read as pictures, in order."""

    @property
    def skipped_notes(self) -> tuple[str, ...]:
        """How many files are passed over, by ending; empty if there are none."""
        sentence = skipped_sentence(self.skipped)
        return (f"{sentence}; --list-skipped names them",) if sentence else ()


def read_tree(root: Path) -> PictureTree:
    """List the pictures below ``root``, known by their endings, else by their content.

    Litter (`is_litter`) and dataset folders made by ``prepare`` are passed over. Links are
    followed; each folder is listed once, however many links or loops of links lead to it.
    """
    pictures: list[Parts] = []
    skipped: list[str] = []
    notes: list[str] = []
    entered: dict[tuple[int, int], Parts] = {}
    again: list[Parts] = []
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
        if identity in entered:
            again.append(parts)
            continue
        if parts and _is_dataset_folder(entries):
            notes.append(f"dataset folder made by 'prepare', passed over: {'/'.join(parts)}")
            continue
        entered[identity] = parts
        for entry in entries:
            below = (*parts, portable_name(entry.name))
            if _is_folder(entry):
                (links if entry.is_symlink() else folders).append((below, Path(entry.path)))
            elif is_picture(Path(entry.path)):
                pictures.append(below)
            else:
                skipped.append("/".join(below))
    return PictureTree(
        tuple(sorted(pictures, key="/".join)),
        (*notes, *_link_notes(again)),
        tuple(sorted(filter(None, entered.values()), key="/".join)),
        tuple(sorted(skipped)),
    )


def with_unlisted(source: Source, tree: PictureTree, lists: Collection[str], why: str) -> Source:
    """Return a source that lists name, with what else is in its folder noted.

    Args:
        source: The paintings that the lists name.
        tree: All that is in its folder.
        lists: The paths of the lists themselves.
        why: What the other pictures lack, for the note.
    """
    named = {image.path for image in source.images}
    others = sum("/".join(parts) not in named for parts in tree.pictures)
    notes = [f"pictures in {source.root} {why}, left out: {others}"] if others else []
    skipped = tuple(path for path in tree.skipped if path not in lists)
    notes += replace(tree, skipped=skipped).skipped_notes
    return replace(source, notes=(*source.notes, *notes), skipped=skipped)


def _list_folder(folder: Path) -> tuple[tuple[int, int], list[os.DirEntry[str]]]:
    """Return what identifies a folder whatever its name, and what it holds, sorted by name."""
    status = folder.stat()
    with os.scandir(folder) as entries:
        meant = [entry for entry in entries if not is_litter(entry.name)]
    return (status.st_dev, status.st_ino), sorted(meant, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A link to itself: reading it reports the fault.
        return False


def _is_dataset_folder(entries: Collection[os.DirEntry[str]]) -> bool:
    """Return whether ``prepare`` made this folder: its pictures are copies, not a style."""
    return {"dataset.json", "manifest.csv"} <= {entry.name for entry in entries}


def _link_notes(again: Collection[Parts]) -> tuple[str, ...]:
    if not again:
        return ()
    example = "/".join(min(again))
    return (f"links to folders that are read elsewhere, passed over: {len(again)}, as {example}",)
