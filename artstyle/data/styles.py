"""Styles of a source: which spellings of a name are one style's."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from artstyle.data.source import Source
from artstyle.labels import canonical_style, style_key, visible, wikiart_style


def with_one_spelling(source: Source) -> Source:
    """Return the source with each style spelt in one way, and notes on what that changed.

    WikiArt's spelling if the style is one of WikiArt's, else the most frequent one; among equals
    the first by code point.
    """
    counts = Counter(image.style for image in source.images)
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts):
        spellings[style_key(name)].append(name)
    chosen = {name: _chosen(names, counts) for names in spellings.values() for name in names}
    images = tuple(
        image if image.style == chosen[image.style] else replace(image, style=chosen[image.style])
        for image in source.images
    )
    notes = _notes(list(spellings.values()), chosen)
    return replace(source, images=images, notes=(*source.notes, *notes))


def _chosen(names: Sequence[str], counts: Mapping[str, int]) -> str:
    known = wikiart_style(names[0])
    if known is not None:
        return known
    spelt = Counter[str]()
    for name in names:
        spelt[canonical_style(name)] += counts[name]
    return min(spelt, key=lambda style: (-spelt[style], style))


def _notes(groups: Sequence[list[str]], chosen: Mapping[str, str]) -> list[str]:
    notes = []
    for names in sorted(groups):
        if len(names) > 1:
            quoted = [f"'{visible(name)}'" for name in names]
            listing = f"{', '.join(quoted[:-1])} and {quoted[-1]}"
            notes.append(f"spellings taken for one style, {chosen[names[0]]}: {listing}")
    single = [names[0] for names in sorted(groups) if len(names) == 1]
    renamed = [
        f"'{visible(name)}' as {chosen[name]}"
        for name in single
        if chosen[name] != canonical_style(name)
    ]
    if renamed:
        notes.append(f"styles spelt as WikiArt spells them: {', '.join(renamed)}")
    return notes
