"""Style names: their order, their spelling, and WikiArt's 27."""

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

SYNONYMS = {"Art_Nouveau": "Art_Nouveau_Modern"}
"""Other spellings in WikiArt's own lists -> the name of the style folder."""


def canonical_style(name: str) -> str:
    """Return the one spelling of a style: stripped, spaces as underscores, synonyms resolved."""
    spelled = "_".join(name.split())
    return SYNONYMS.get(spelled, spelled)


def label_order(styles: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct styles in the order that gives each its integer label.

    Code-point order: it depends on neither the locale nor the file system, so a style keeps its
    label wherever the data set is prepared again.
    """
    return tuple(sorted(set(styles)))


def display_name(style: str) -> str:
    """Return a style as people read it: ``Ukiyo_e`` -> ``Ukiyo e``."""
    return style.replace("_", " ")
