"""Sources that are style folders within train, val and test, under the names these go by."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from artstyle.errors import DataError
from artstyle.preparation.sources.folders import (
    empty_notes,
    image,
    level_notes,
    listed,
    loose_notes,
    read_folders,
    require_pictures,
    wrapper_depth,
    wrapper_notes,
)
from artstyle.preparation.sources.source import Source, is_evaluation, split_in_name, split_name
from artstyle.preparation.sources.tree import Parts, PictureTree
from artstyle.styles.vocabulary import style_identity

_CHOICES = (
    "say --format split_folders if they are splits, --format folders if they are styles,"
    " or list the pictures in a manifest.csv with path,style,split"
)


@dataclass(frozen=True)
class _Folder:
    """A folder whose name is that of a split."""

    name: str
    split: str
    pictures: tuple[Parts, ...]
    style_at: int
    """The position of the styles in the paths of its pictures."""

    @property
    def labelled(self) -> tuple[Parts, ...]:
        """The pictures that are in style folders."""
        return tuple(parts for parts in self.pictures if len(parts) > self.style_at + 1)

    @property
    def styles(self) -> frozenset[str]:
        """Each by its `style_identity`."""
        return frozenset(style_identity(parts[self.style_at]) for parts in self.labelled)

    def __str__(self) -> str:
        names = sorted({parts[self.style_at] for parts in self.labelled})
        return f"{self.name} holds {listed(names) or 'no style folders'}"


def read_any_folders(root: Path, tree: PictureTree) -> Source:
    """Read style folders, or style folders within splits, whichever they are.

    Folders with the names of splits are splits when at least two of them hold the same styles. One
    without style folders is an unlabelled test, and left out.

    Raises:
        DataError: No pictures are found; or names look like splits and their content does not.
    """
    require_pictures(root, tree)
    depth, named = _find_splits(tree)
    names = {parts[depth] for parts in tree.pictures if len(parts) > depth + 1}
    others = sorted(names - {folder.name for folder in named})
    if others and not any(folder.labelled for folder in named):  # "Test Tubes" may be a style
        named = [folder for folder in named if split_name(folder.name)]
    if not named:
        return _read_below_styles(root, tree) or read_folders(root, tree)
    unlabelled = [folder for folder in named if _is_unlabelled(folder, named)]
    labelled = [folder for folder in named if folder not in unlabelled]
    _require_fit(root, labelled, unlabelled, others)
    rest = _without(tree, depth, unlabelled)
    if len(labelled) < 2:
        return read_folders(root, rest)
    if len({folder.split for folder in labelled}) < 2:  # "train1" and "train2"
        labelled = [replace(folder, split="") for folder in labelled]
    return _read(root, rest, depth, labelled)


def read_split_folders(root: Path, tree: PictureTree) -> Source:
    """Read ``train/Style/...``, ``val/Style/...`` and ``test/Style/...``, whatever they hold.

    Raises:
        DataError: Such folders hold no pictures.
    """
    require_pictures(root, tree)
    depth = wrapper_depth(tree.pictures, split_wraps=False)
    named = _named_splits(tree, depth, split_in_name)
    if not any(folder.labelled for folder in named):
        raise DataError(
            f"{root} has no pictures in split folders; expected {root}/train/Style/artist_title.jpg"
            " and the same under val and test"
        )
    return _read(root, tree, depth, named)


def _find_splits(tree: PictureTree) -> tuple[int, list[_Folder]]:
    """Return the folders that look like splits, and their level.

    Several do by a word of their names ("wikiart_train"), one alone only by all of its name. One
    that wraps several is not one ("test/train", "test/val").
    """
    depth = wrapper_depth(tree.pictures, split_wraps=False)
    for level in (depth, wrapper_depth(tree.pictures, split_wraps=True)):
        several = _named_splits(tree, level, split_in_name)
        if len({folder.split for folder in several}) > 1:
            return level, several
    return depth, _named_splits(tree, depth, split_name)


def _named_splits(
    tree: PictureTree, depth: int, split_of: Callable[[str], str | None]
) -> list[_Folder]:
    """Return the folders at a level whose names are those of splits, sorted by name."""
    members: dict[str, list[Parts]] = {}
    for parts in tree.pictures:
        if len(parts) > depth + 1:
            members.setdefault(parts[depth], []).append(parts)
    folders = [
        _Folder(
            name, split, tuple(pictures), wrapper_depth(pictures, start=depth + 1, split_wraps=True)
        )
        for name, pictures in sorted(members.items())
        if (split := split_of(name))
    ]
    return _with_evaluation_as_test(folders)


def _with_evaluation_as_test(folders: list[_Folder]) -> list[_Folder]:
    """Return "eval" as the test where there is another val and no test."""
    validation = [folder for folder in folders if folder.split == "val"]
    evaluation = [folder for folder in validation if is_evaluation(folder.name)]
    has_test = any(folder.split == "test" for folder in folders)
    if has_test or len(evaluation) == len(validation):
        return folders
    return [replace(f, split="test") if f in evaluation else f for f in folders]


def _is_unlabelled(folder: _Folder, named: Sequence[_Folder]) -> bool:
    """Return whether a split has no styles: no folders, or a single one that names no style."""
    others = [other for other in named if other.name != folder.name]
    known = frozenset[str]().union(*(other.styles for other in others))
    single = len(folder.styles) == 1 and any(len(other.styles) > 1 for other in others)
    return not folder.styles or (single and known.isdisjoint(folder.styles))


def _require_fit(
    root: Path,
    labelled: Sequence[_Folder],
    unlabelled: Sequence[_Folder],
    others: Sequence[str],
) -> None:
    """Refuse folders that look like splits where their content does not say what they are."""
    if not labelled and not others:
        names = listed([folder.name for folder in unlabelled])
        raise DataError(
            f"{root}: {names} cannot be read: names of splits, but no style folders; put each"
            " picture into a folder of its style, list them in a manifest.csv with"
            " path,style,split, or say --format folders if they are styles"
        )
    if len(labelled) == 1 and others:
        raise DataError(
            f"{root}: {labelled[0].name} looks like a split, but is next to {listed(others)};"
            f" move these into a folder train, or {_CHOICES}"
        )
    for folder in labelled if len(labelled) > 1 else ():
        elsewhere = (other.styles for other in labelled if other.name != folder.name)
        if folder.styles.isdisjoint(frozenset[str]().union(*elsewhere)):
            seen = "; ".join(map(str, labelled))
            raise DataError(f"{root}: folders look like splits, but {seen}; {_CHOICES}")


def _without(tree: PictureTree, depth: int, unlabelled: Sequence[_Folder]) -> PictureTree:
    """Return the tree without the pictures that have no style; a note says how many there are."""
    names = {folder.name for folder in unlabelled}
    notes = [
        f"pictures in {folder.name}, without a style, left out: {len(folder.pictures)}"
        for folder in unlabelled
    ]
    return replace(
        tree,
        pictures=tuple(p for p in tree.pictures if len(p) <= depth + 1 or p[depth] not in names),
        folders=tuple(p for p in tree.folders if len(p) <= depth or p[depth] not in names),
        notes=(*tree.notes, *notes),
    )


def _read(root: Path, tree: PictureTree, depth: int, folders: Sequence[_Folder]) -> Source:
    by_name = {folder.name: folder for folder in folders}
    images, loose, outside = [], [], Counter[str]()
    for parts in tree.pictures:
        name = parts[depth] if len(parts) > depth + 1 else "."
        folder = by_name.get(name)
        if folder is None:
            outside[name] += 1
        elif len(parts) <= folder.style_at + 1:
            loose.append(parts)
        else:
            images.append(image(parts, folder.style_at, folder.split))
    ignored = [
        f"pictures in {name}, outside train, val and test, left out: {count}"
        for name, count in sorted(outside.items())
    ]
    notes = (
        *tree.notes,
        *_meaning_notes(folders),
        *loose_notes(loose),
        *ignored,
        *empty_notes(tree, max(folder.style_at for folder in folders)),
        *wrapper_notes(p[depth + 1 : f.style_at] for f in folders for p in f.labelled),
        *level_notes([p[f.style_at :] for f in folders for p in f.labelled], 0),
        *tree.skipped_notes,
    )
    form: Literal["split_folders", "folders"] = (
        "split_folders" if any(folder.split for folder in folders) else "folders"
    )
    return Source(root, form, tuple(images), 0, notes, tree.skipped)


def _meaning_notes(folders: Sequence[_Folder]) -> tuple[str, ...]:
    """Return what each folder was taken for, where its name does not say it outright."""
    if all(folder.name.casefold() == folder.split for folder in folders):
        return ()
    meanings = [f"{folder.name} as {folder.split or 'a part'}" for folder in folders]
    return (f"folders taken for splits: {', '.join(meanings)}",)


def _read_below_styles(root: Path, tree: PictureTree) -> Source | None:
    """Read ``Style/train/...`` and ``Style/test/...``; None where that is not the form."""
    depth = wrapper_depth(tree.pictures, split_wraps=True)
    inside = [parts for parts in tree.pictures if len(parts) > depth + 1]
    below = {
        parts[depth + 1]: split_name(parts[depth + 1]) for parts in inside if len(parts) > depth + 2
    }
    if len(set(below.values()) - {None}) < 2:
        return None
    if others := sorted(name for name, split in below.items() if split is None):
        splits = sorted(name for name, split in below.items() if split)
        raise DataError(
            f"{root}: the folders {', '.join(splits)} below the styles look like splits,"
            f" {', '.join(others)} does not; {_CHOICES}"
        )
    images = [
        image(parts, depth, split_name(parts[depth + 1]) or "", artist_at=depth + 2)
        if len(parts) > depth + 2
        else image(parts, depth, "")
        for parts in inside
    ]
    meanings = ", ".join(f"{name} as {split}" for name, split in sorted(below.items()))
    notes = (
        *tree.notes,
        f"folders below the styles taken for splits: {meanings}",
        *loose_notes([parts for parts in tree.pictures if len(parts) <= depth + 1]),
        *empty_notes(tree, depth),
        *wrapper_notes({parts[:depth] for parts in inside}),
        *level_notes([(parts[depth], *parts[depth + 2 :]) for parts in inside], 0),
        *tree.skipped_notes,
    )
    return Source(root, "split_folders", tuple(images), 0, notes, tree.skipped)
