"""The vocabulary of styles: which style a name stands for, and what is known about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from artstyle.errors import DataError, UnknownNameError
from artstyle.styles.entries import StyleEntry, read_entries, write_entries
from artstyle.styles.names import style_key

RECORD_NAME = "vocabulary.csv"
"""A user's own vocabulary in a dataset folder or a run folder."""

_PACKAGED = Path(__file__).with_name("vocabulary.csv")
_shown: ContextVar["Vocabulary | None"] = ContextVar("shown", default=None)


@dataclass(frozen=True)
class Vocabulary:
    """Styles, with the names that stand for them."""

    entries: Mapping[str, StyleEntry]
    """Style -> what is known about it. The order is the file's."""
    by_key: Mapping[str, str]
    """`style_key` of each spelling -> style."""

    def match(self, name: str) -> str | None:
        """Return the style that a name stands for as a whole; None if it is not known.

        Case, accents, spaces, dashes and underscores do not count: "ukiyoe" is Ukiyo_e.
        """
        return name if name in self.entries else self.by_key.get(style_key(name))

    def entry(self, style: str) -> StyleEntry | None:
        """Return what is known about a style, whichever way it is spelt."""
        known = self.match(style)
        return None if known is None else self.entries[known]

    def name(self, style: str, language: str = "en") -> str:
        """Return a style as people read it: ``Ukiyo_e`` -> ``Ukiyo-e``, in Russian ``Укиё-э``.

        Where the vocabulary has no name in that language: the English one, else the style as it
        is stored, with spaces for underscores.
        """
        entry = self.entry(style)
        names = entry.names if entry else {}
        return names.get(language) or names.get("en") or style.replace("_", " ")

    def group(self, style: str) -> str | None:
        """Return the group of a style: a second, coarser level of answers."""
        entry = self.entry(style)
        return entry.group if entry else None

    def label(self, name: str, labels: Sequence[str]) -> str:
        """Return the label that a name stands for.

        Raises:
            UnknownNameError: None of the labels.
        """
        spelled = {style_key(label): label for label in labels}
        meant = {self.match(label) or label: label for label in labels}
        label = spelled.get(style_key(name)) or meant.get(self.match(name) or name)
        if label is None:
            raise UnknownNameError("style", name, labels)
        return name if name in labels else label


def read_vocabulary(file: Path | str | None = None) -> Vocabulary:
    """Return artstyle's vocabulary, with the styles of a user's file before it.

    Where both know a name, the user's file decides; a style that both name is the user's.

    Args:
        file: A vocabulary file; None is artstyle's vocabulary alone, read once.

    Raises:
        MissingError: The file does not exist.
        DataError: It is not a vocabulary file, or one name stands for two of its styles.
    """
    packaged = _packaged()
    if file is None:
        return packaged
    own = _vocabulary(read_entries(Path(file)), Path(file))
    taken = own.by_key
    kept = {s: entry for s, entry in packaged.entries.items() if style_key(s) not in taken}
    known = {key: style for key, style in packaged.by_key.items() if style in kept}
    return Vocabulary({**own.entries, **kept}, {**known, **taken})


def recorded_vocabulary(folder: Path) -> Vocabulary:
    """Return the vocabulary of a dataset folder or a run folder; artstyle's if it has no own.

    Raises:
        DataError: The folder's own is damaged.
    """
    record = folder / RECORD_NAME
    return read_vocabulary(record if record.is_file() else None)


def record_vocabulary(folder: Path, file: Path | str | None) -> None:
    """Keep a user's vocabulary in a dataset folder; None removes the one of an earlier call."""
    if file is None:
        (folder / RECORD_NAME).unlink(missing_ok=True)
    else:
        write_entries(folder / RECORD_NAME, read_entries(Path(file)))


def name_styles_by(vocabulary: Vocabulary) -> None:
    """Let `display_name` use this vocabulary from now on, or to the end of `styles_named_by`."""
    _shown.set(vocabulary)


@contextmanager
def styles_named_by(vocabulary: Vocabulary | None) -> Iterator[None]:
    """Let `display_name` use this vocabulary within the block; None is artstyle's.

    It is set as a locale is, for the current thread, since every page and table shows names.
    """
    token = _shown.set(vocabulary)
    try:
        yield
    finally:
        _shown.reset(token)


def known_style(name: str) -> str | None:
    """Return WikiArt's name of a style, whichever way it is spelt; None if it is not one."""
    return read_vocabulary().match(name)


def style_identity(name: str) -> str:
    """Return what all names of one style share: WikiArt's name of it, else its `style_key`."""
    return known_style(name) or style_key(name)


def style_group(style: str) -> str | None:
    """Return WikiArt's group of a style, whichever way it is spelt; None if no group is known."""
    return read_vocabulary().group(style)


def display_name(style: str) -> str:
    """Return a style as people read it: ``Ukiyo_e`` -> ``Ukiyo-e``."""
    return (_shown.get() or read_vocabulary()).name(style)


@cache
def _packaged() -> Vocabulary:
    return _vocabulary(read_entries(_PACKAGED), _PACKAGED)


def _vocabulary(entries: Iterable[StyleEntry], file: Path) -> Vocabulary:
    styles: dict[str, StyleEntry] = {}
    by_key: dict[str, str] = {}
    for entry in entries:
        if entry.style in styles:
            raise DataError(f"{file} has the style '{entry.style}' twice")
        styles[entry.style] = entry
        for name in entry.spellings:
            other = by_key.setdefault(style_key(name), entry.style)
            if other != entry.style:
                raise DataError(f"{file}: '{name}' stands for both {other} and {entry.style}")
    return Vocabulary(styles, by_key)
