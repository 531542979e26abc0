"""Style names: their order and their spelling."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

BAR = "|"
"""What separates the labels of a painting that has several."""

# The embeddings, overrides and isolates of the Unicode Bidirectional Algorithm (UAX 9).
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# White space, "_", ".", dashes of all kinds, and invisible marks.
_SEPARATORS = re.compile(
    r"[\s_.\u00b7\u2010-\u2015\u2212\u00ad\u200b\u200e\u200f\ufe0e\ufe0f\ufeff-]+"
)
_DASHES = ("-", "\u2212")
# The scripts whose accents leave a name the same: elsewhere a mark makes another letter.
_ACCENTED_SCRIPTS = ("LATIN ", "GREEK ")


def canonical_style(name: str) -> str:
    """Return the one spelling of a style: stripped, spaces as underscores.

    What is not text becomes backslash escapes, as `visible` makes them. Then letters with accents
    are composed (NFC), whichever way a file system spells them: composed before, an escape that
    ends in a letter would take up an accent that follows it, in the next pass only.
    """
    return unicodedata.normalize("NFC", visible("_".join(name.split())))


def style_key(name: str) -> str:
    """Return the key that all spellings of one style share.

    Case, spaces, hyphens, underscores, dots and the accents of Latin and Greek letters do not
    count: "Ukiyo-e", "ukiyo e" and "UkiyoE" have one key. Other signs do ("C++", "C#"), and so do
    the marks of other scripts, which make other letters. Numbers stay apart ("1.5", "15").
    """
    folded = unicodedata.normalize("NFD", canonical_style(name)).casefold()
    plain = "".join(_without_accents(unicodedata.normalize("NFD", folded)))
    return _SEPARATORS.sub(_gap, plain) or canonical_style(name)


def visible(text: str) -> str:
    """Return a text as one line without characters that control a terminal or reverse the line.

    Control characters, ends of lines, bytes that are not UTF-8, and marks that override the
    direction of text become backslash escapes; marks that letters need stay.
    """
    return "".join(
        character.encode("unicode_escape").decode() if _is_unsafe(character) else character
        for character in text
    )


def is_style_name(name: str) -> bool:
    """Return whether a name can be a style's as it is: not blank, one line of visible text."""
    return bool(name.strip()) and visible(name) == name


def _is_unsafe(character: str) -> bool:
    category = unicodedata.category(character)
    return category in ("Cc", "Cs", "Zl", "Zp") or character in _DIRECTION_MARKS


def _one_line(name: str) -> str:
    return unicodedata.normalize("NFC", visible("_".join(name.split())))


def _without_accents(letters: str) -> Iterator[str]:
    """Yield decomposed text without the accents (U+0300 to U+036F) of Latin and Greek letters."""
    accents_go = False
    for letter in letters:
        if not unicodedata.combining(letter):
            accents_go = unicodedata.name(letter, "").startswith(_ACCENTED_SCRIPTS)
        if not (accents_go and "\u0300" <= letter <= "\u036f"):
            yield letter


def _gap(separator: re.Match[str]) -> str:
    """Return what stays of a separator: between two numbers a space, before a number its sign."""
    text, gap = separator.string, separator.group()
    before, after = text[: separator.start()][-1:], text[separator.end() :][:1]
    if not after.isdecimal():
        return ""
    if gap.endswith(_DASHES) and (len(gap) > 1 or not before):
        return "-"
    return " " if before.isdecimal() else ""


def labels_in(text: str) -> tuple[str, ...]:
    """Return the labels of a painting: ``A|B`` has two; any other text is one."""
    return tuple(text.split(BAR))


def joined_labels(labels: Iterable[str]) -> str:
    """Return the labels of a painting as one text, each once and in label order."""
    return BAR.join(label_order(labels))


def label_order(styles: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct styles in the order that gives each its integer label.

    Code-point order: it depends on neither the locale nor the file system, so a style keeps its
    label wherever the data set is prepared again.
    """
    return tuple(sorted(set(styles)))
