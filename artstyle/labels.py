"""Style names: their order, their spelling, and WikiArt's 27."""

import unicodedata
from collections.abc import Iterable

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


def canonical_style(name: str) -> str:
    """Return the one spelling of a style: stripped, spaces as underscores, synonyms resolved.

    Letters with accents are composed (NFC), whichever way a file system spells them; what is no
    text becomes backslash escapes, as `visible` makes them.
    """
    spelled = visible("_".join(unicodedata.normalize("NFC", name).split()))
    return SYNONYMS.get(spelled, spelled)


def visible(text: str) -> str:
    """Return a text as one line in which nothing steers a terminal or turns the line around.

    Control characters, ends of lines, bytes that are no UTF-8, and marks that override the
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


def label_order(styles: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct styles in the order that gives each its integer label.

    Code-point order: it depends on neither the locale nor the file system, so a style keeps its
    label wherever the data set is prepared again.
    """
    return tuple(sorted(set(styles)))


def display_name(style: str) -> str:
    """Return a style as people read it: ``Ukiyo_e`` -> ``Ukiyo e``."""
    return style.replace("_", " ")
