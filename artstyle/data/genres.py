"""What a painting shows: its genre as the data set names it, or as the title's words say.

The names are WikiArt's. A genre from a title is marked as derived wherever it is counted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from artstyle.data.artists import name_words
from artstyle.data.manifest import ManifestRow

# fmt: off
_WORDS: Mapping[str, frozenset[str]] = {
    "portrait": frozenset({
        "autoportrait", "bildnis", "portrait", "portraits", "portret", "ritratto", "selfportrait",
    }),
    "landscape": frozenset({
        "beach", "brook", "cliff", "cliffs", "coast", "creek", "dunes", "field", "fields",
        "fjord", "forest", "glacier", "haystacks", "hills", "lake", "landscape", "landscapes",
        "marsh", "meadow", "meadows", "mountain", "mountains", "orchard", "paysage", "pines",
        "pond", "poplars", "river", "riverbank", "sea", "seascape", "seashore", "shore", "stream",
        "sunset", "trees", "undergrowth", "valley", "volga", "waterfall", "waterfalls", "waves",
        "wheatfield", "woods",
    }),
    "still_life": frozenset({
        "apples", "bouquet", "chrysanthemums", "dahlias", "flowers", "fruit", "fruits", "lilacs",
        "peaches", "pears", "peonies", "roses", "sunflowers", "tulips", "vase",
    }),
    "religious_painting": frozenset({
        "adoration", "altarpiece", "angel", "angels", "annunciation", "apostle", "apostles",
        "archangel", "ascension", "assumption", "baptism", "calvary", "christ", "coronation",
        "crucifixion", "entombment", "evangelist", "gethsemane", "holy", "jesus", "lamentation",
        "madonna", "magdalene", "magi", "martyrdom", "nativity", "pentecost", "pieta",
        "resurrection", "sebastian", "virgin",
    }),
    "cityscape": frozenset({
        "avenue", "boulevard", "canal", "cathedral", "city", "cityscape", "piazza", "plaza",
        "rooftops", "roofs", "rue", "skyline", "square", "street", "streets", "town", "venice",
    }),
    "nude_painting": frozenset({"bather", "bathers", "naked", "nude", "nudes", "odalisque"}),
}
# fmt: on
_PHRASES: Mapping[str, str] = {
    "still_life": r"\bstill li(?:fe|ves)\b|\bnature morte\b|\bstilleben\b",
    "portrait": r"\bself portrait\b",
    "religious_painting": r"\blast supper\b|\bsupper at emmaus\b",
}


@dataclass(frozen=True)
class Genre:
    """What a painting shows."""

    name: str
    derived: bool
    """Whether the title's words gave it, and not the data set."""


def genre_of(row: ManifestRow) -> Genre | None:
    """Return the genre in the manifest, or else the title's; None if neither says it."""
    if row.genre:
        return Genre(row.genre, derived=False)
    name = genre_of_title(row.title)
    return Genre(name, derived=True) if name else None


def genre_of_title(title: str) -> str | None:
    """Return the one genre whose words are in a title; None for none or several.

    "The Seine, view of the river" is a landscape. "Portrait of a Saint" is not given a genre.
    """
    words = name_words(title)
    text = " ".join(words)
    found = {genre for genre, own in _WORDS.items() if own.intersection(words)}
    found |= {genre for genre, phrase in _PHRASES.items() if re.search(phrase, text)}
    return found.pop() if len(found) == 1 else None
