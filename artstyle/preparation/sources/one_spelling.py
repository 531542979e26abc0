"""The styles and artists of a source, each in one spelling."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from artstyle.data.artists import artist_key
from artstyle.preparation.sources.source import Source
from artstyle.preparation.tables.cells import is_nothing
from artstyle.styles.names import (
    canonical_style,
    joined_labels,
    labels_in,
    style_key,
    visible,
)
from artstyle.styles.vocabulary import Vocabulary


def styles_in_one_spelling(source: Source, vocabulary: Vocabulary, target: str = "style") -> Source:
    """Return the source with each label spelt in one way, and notes on what that changed.

    A name that the vocabulary knows as a whole becomes its style: "ukiyoe" and "Ukiyo-e print" are
    Ukiyo_e. Any other style keeps its most frequent spelling; among equals the first by code point.
    Labels that are not styles have no vocabulary, and artists are one where their words are.

    Args:
        source: A painting of several labels has them as ``A|B``, before and after.
        vocabulary: Which names stand for one style.
        target: What the labels are.
    """
    source = _with_named_styles(source, target)
    key = artist_key if target == "artist" else style_key
    known = vocabulary.match if target == "style" else lambda name: None
    counts = Counter(label for image in source.images for label in labels_in(image.style))
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts):
        spellings[known(name) or key(name)].append(name)
    chosen = {
        name: known(name) or _most_frequent(names, counts)
        for names in spellings.values()
        for name in names
    }
    meant = {
        style: joined_labels(chosen[label] for label in labels_in(style))
        for style in {image.style for image in source.images}
    }
    images = tuple(
        image if image.style == meant[image.style] else replace(image, style=meant[image.style])
        for image in source.images
    )
    notes = _notes(list(spellings.values()), chosen, target)
    return replace(source, images=images, notes=(*source.notes, *notes))


def _with_named_styles(source: Source, target: str) -> Source:
    """Return the source without the pictures of folders such as "unknown" and "nan"."""
    nameless = Counter(image.style for image in source.images if is_nothing(image.style))
    if not nameless:
        return source
    shown = ", ".join(f"'{visible(name)}'" for name in sorted(nameless))
    note = f"pictures whose folder names no {target} ({shown}), left out: {nameless.total()}"
    images = tuple(image for image in source.images if image.style not in nameless)
    return replace(source, images=images, notes=(*source.notes, note))


def _most_frequent(names: Sequence[str], counts: Mapping[str, int]) -> str:
    spelt = Counter[str]()
    for name in names:
        spelt[canonical_style(name)] += counts[name]
    return min(spelt, key=lambda style: (-spelt[style], style))


def _notes(groups: Sequence[list[str]], chosen: Mapping[str, str], target: str) -> list[str]:
    notes = []
    for names in sorted(groups):
        if len(names) > 1:
            quoted = [f"'{visible(name)}'" for name in names]
            listing = f"{', '.join(quoted[:-1])} and {quoted[-1]}"
            notes.append(f"spellings taken for one {target}, {chosen[names[0]]}: {listing}")
    single = [names[0] for names in sorted(groups) if len(names) == 1]
    renamed = [
        f"'{visible(name)}' as {chosen[name]}"
        for name in single
        if chosen[name] != canonical_style(name)
    ]
    if renamed:
        listing = ", ".join(renamed)
        notes.append(f"known styles, renamed: {listing}; a styles.file can keep your own names")
    return notes


def artists_in_one_spelling(source: Source) -> Source:
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
