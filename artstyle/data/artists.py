"""Artists: which spellings of a name are one person's."""

import unicodedata
from collections import Counter, defaultdict
from dataclasses import replace

from artstyle.data.source import Source


def name_words(name: str) -> list[str]:
    """Return the words of a name, small and without accents.

    Only accents go (U+0300 to U+036F): the marks of kana and of Indic scripts are part of the word.
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = (letter for letter in letters if not "\u0300" <= letter <= "\u036f")
    kept = (letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in plain)
    return "".join(kept).split()


def artist_key(name: str) -> str:
    """Return what the spellings of a name share: its words in no order.

    "Böcklin, Arnold" and "arnold-bocklin" have one key; initials and missing first names have
    another, since nobody can say whose they are.
    """
    return " ".join(sorted(name_words(name))) or name


def with_one_spelling(source: Source) -> Source:
    """Return the source with each artist spelt in one way: the most frequent, else the first.

    A split that keeps artists apart would otherwise take two spellings for two artists.
    """
    counts = Counter(image.artist for image in source.images if image.artist)
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        spellings[artist_key(name)].append(name)
    several = [names for names in spellings.values() if len(names) > 1]
    if not several:
        return source
    chosen = {name: names[0] for names in several for name in names}
    images = tuple(
        replace(image, artist=chosen[image.artist]) if image.artist in chosen else image
        for image in source.images
    )
    first, second, *_ = min(several)
    note = f"artists spelt in several ways, each taken for one: {len(several)}"
    note += f", as {first} and {second}"
    return replace(source, images=images, notes=(*source.notes, note))
