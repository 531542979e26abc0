"""Files that are passed over: which are litter, and how the others are counted."""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

_LITTER = frozenset(
    (
        "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r",
        "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot",
        "$recycle.bin", "recycler", "recycled", "system volume information", "lost+found",
        "__macosx", "network trash folder", "temporary items",
    )
)  # fmt: skip
"""Names that operating systems and network drives put into folders, in lower case."""
_LONGEST_ENDING = 12
_LISTED = 6


def is_litter(name: str) -> bool:
    """Return whether a file or folder is hidden, or was put there by a system."""
    return name.startswith((".", "~$")) or name.casefold() in _LITTER


def skipped_sentence(names: Iterable[str]) -> str:
    """Return how many files are passed over, by ending, the most frequent first; "" for none."""
    return counted_endings(Counter(map(ending, names)))


def counted_endings(counts: Counter[str]) -> str:
    """Return the sentence of `skipped_sentence`, from counts by ending."""
    if not counts:
        return ""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{count:,} {name or 'without an ending'}" for name, count in ranked[:_LISTED]]
    if others := sum(count for _, count in ranked[_LISTED:]):
        named.append(f"{others:,} others")
    files = "file" if counts.total() == 1 else "files"
    return f"{counts.total():,} {files} passed over: {', '.join(named)}"


def ending(name: str) -> str:
    """Return the ending of a file's name in lower case, with its dot, or ""."""
    suffix = PurePosixPath(name).suffix.lower()
    is_ending = suffix[1:].replace("_", "").isalnum() and len(suffix) <= _LONGEST_ENDING
    return suffix if is_ending else ""
