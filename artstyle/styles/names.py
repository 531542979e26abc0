"""Style names: their order, their spelling, and WikiArt's 27."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from artstyle.errors import UnknownNameError

WIKIART_STYLES = (
    "Abstract_Expressionism",
    "Action_painting",
    "Analytical_Cubism",
    "Art_Nouveau_Modern",
    "Baroque",
    "Color_Field_Painting",
    "Contemporary_Realism",
    "Cubism",
    "Early_Renaissance",
    "Expressionism",
    "Fauvism",
    "High_Renaissance",
    "Impressionism",
    "Mannerism_Late_Renaissance",
    "Minimalism",
    "Naive_Art_Primitivism",
    "New_Realism",
    "Northern_Renaissance",
    "Pointillism",
    "Pop_Art",
    "Post_Impressionism",
    "Realism",
    "Rococo",
    "Romanticism",
    "Symbolism",
    "Synthetic_Cubism",
    "Ukiyo_e",
)

# The embeddings, overrides and isolates of the Unicode Bidirectional Algorithm (UAX 9).
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

SYNONYMS = {"Art_Nouveau": "Art_Nouveau_Modern"}
"""Other spellings in WikiArt's own lists -> the name of the style folder."""

# White space, "_", ".", dashes of all kinds, and invisible marks.
_SEPARATORS = re.compile(
    r"[\s_.\u00b7\u2010-\u2015\u2212\u00ad\u200b\u200e\u200f\ufe0e\ufe0f\ufeff-]+"
)
_DASHES = ("-", "\u2212")
# The scripts whose accents leave a name the same: elsewhere a mark makes another letter.
_ACCENTED_SCRIPTS = ("LATIN ", "GREEK ")


def canonical_style(name: str) -> str:
    """Return the one spelling of a style: stripped, spaces as underscores, synonyms resolved.

    What is not text becomes backslash escapes, as `visible` makes them. Then letters with accents
    are composed (NFC), whichever way a file system spells them: composed before, an escape that
    ends in a letter would take up an accent that follows it, in the next pass only.
    """
    spelled = _one_line(name)
    return SYNONYMS.get(spelled, spelled)


def style_key(name: str) -> str:
    """Return the key that all spellings of one style share.

    Case, spaces, hyphens, underscores, dots and the accents of Latin and Greek letters do not
    count: "Ukiyo-e", "ukiyo e" and "UkiyoE" have one key. Other signs do ("C++", "C#"), and so do
    the marks of other scripts, which make other letters. Numbers stay apart ("1.5", "15").
    """
    folded = unicodedata.normalize("NFD", _one_line(name)).casefold()
    plain = "".join(_without_accents(unicodedata.normalize("NFD", folded)))
    return _SEPARATORS.sub(_gap, plain) or _one_line(name)


def wikiart_style(name: str) -> str | None:
    """Return WikiArt's name of a style, whichever way it is spelt; None if it is not one."""
    return _WIKIART_BY_KEY.get(style_key(name))


def require_label(name: str, labels: Sequence[str]) -> str:
    """Return the label that a name spells.

    Raises:
        UnknownNameError: None of the labels.
    """
    by_key = {style_key(label): label for label in labels}
    style = canonical_style(name)
    if style not in labels and style_key(name) not in by_key:
        raise UnknownNameError("style", name, labels)
    return style if style in labels else by_key[style_key(name)]


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


_WIKIART_BY_KEY = {style_key(style): style for style in WIKIART_STYLES} | {
    style_key(name): style for name, style in SYNONYMS.items()
}


def label_order(styles: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct styles in the order that gives each its integer label.

    Code-point order: it depends on neither the locale nor the file system, so a style keeps its
    label wherever the data set is prepared again.
    """
    return tuple(sorted(set(styles)))


def display_name(style: str) -> str:
    """Return a style as people read it: ``Ukiyo_e`` -> ``Ukiyo e``."""
    return style.replace("_", " ")
