"""Content bias in sentences, tables and a board of neighbours."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from artstyle.data.artists import display_artist
from artstyle.evaluation.bias.measure import Known, known_genres
from artstyle.evaluation.bias.neighbours import nearest_of_others
from artstyle.evaluation.document import (
    Combinations,
    ContentBias,
    Dependence,
    Flips,
    GenreProbe,
    Measured,
    NeighbourLifts,
)
from artstyle.evaluation.outcome import Outcome
from artstyle.presentation.pages import Block, Content, Gallery, Picture, Prose, Table
from artstyle.styles.vocabulary import display_name

QUERIES, NEIGHBOURS_SHOWN = 20, 6
_SEED = 42

Thumbnail = Callable[[int], Picture]
"""Position of a picture in the outcome -> its thumbnail."""


def genre_name(genre: str) -> str:
    """Return a genre as people write it: ``still_life`` -> ``still life``."""
    return genre.replace("_", " ")


def bias_line(bias: ContentBias) -> str:
    """Return the index in one line for the terminal; "" where it could not be measured."""
    found = bias.neighbours
    if found is None:
        return ""
    return (
        f"content bias {_ratio(found.content_bias)}: among the {found.neighbours} nearest pictures"
        f" by other artists, the style is {found.style.value:.2f} times as frequent as by chance,"
        f" the genre {found.genre.value:.2f} times"
    )


def bias_blocks(bias: ContentBias, outcome: Outcome, thumbnail: Thumbnail) -> Iterator[Block]:
    """Yield the section of the page: what was measured, then neighbours to look at."""
    yield Prose(_verdict(bias.neighbours), strong=True)
    yield Prose(_where_from(bias))
    rows = [
        *(_neighbour_rows(bias.neighbours) if bias.neighbours else []),
        *(_probe_rows(bias.genre_probe) if bias.genre_probe else []),
        *(_combination_rows(bias.combinations) if bias.combinations else []),
        *(_flip_rows(bias.flips) if bias.flips else []),
        *(_dependence_rows(bias.dependence) if bias.dependence else []),
    ]
    yield Table(("measure", "value", "by chance"), rows)
    yield from _board(known_genres(outcome.rows), outcome, thumbnail)


def _verdict(found: NeighbourLifts | None) -> str:
    if found is None:
        return "Too few pictures have others by other artists: neighbours were not compared."
    low, high = found.content_bias.interval
    if low > 1:
        return "What is painted binds this model's neighbours more than the style does."
    if high < 1:
        return "The style binds this model's neighbours more than what is painted does."
    return "Style and content bind this model's neighbours about equally."


def _where_from(bias: ContentBias) -> str:
    total = sum(bias.genres.values())
    named = ", ".join(f"{genre_name(name)} {count:,}" for name, count in bias.genres.items())
    return (
        f"The genre of {total:,} pictures is known: {named}. The words of the title gave"
        f" {bias.derived:,} of them; on real collections about nine in ten such are right."
    )


def _neighbour_rows(found: NeighbourLifts) -> list[list[Content]]:
    near = f"among the {found.neighbours} nearest by other artists"
    return [
        [f"same style {near}, times chance", _ratio(found.style), "1"],
        [f"same genre {near}, times chance", _ratio(found.genre), "1"],
        ["content-bias index: the second by the first", _ratio(found.content_bias), ""],
    ]


def _probe_rows(found: GenreProbe) -> list[list[Content]]:
    name = f"{found.genres} genres read from the embedding by a linear probe, mean recall"
    return [[name, _share(found.recall), f"{found.chance:.3f}"]]


def _combination_rows(found: Combinations) -> list[list[Content]]:
    return [
        [
            f"accuracy on {found.new_pictures:,} pictures whose style and genre training never"
            " showed together",
            _share(found.new),
            "",
        ],
        [f"accuracy on the other {found.known_pictures:,}", _share(found.known), ""],
        ["the first less the second", _share(found.difference), ""],
    ]


def _flip_rows(found: Flips) -> list[list[Content]]:
    painted = f"{found.scenes} synthetic scenes in {found.styles} styles"
    return [
        [f"answer flips when the style is replaced ({painted})", _share(found.style_replaced), ""],
        ["answer flips when the content is replaced", _share(found.content_replaced), ""],
    ]


def _dependence_rows(found: Dependence) -> list[list[Content]]:
    name = f"distance correlation of style and content embedding ({found.pictures:,} pictures)"
    return [[name, f"{found.distance_correlation:.3f}", f"{found.by_chance:.3f}"]]


def _board(known: Known, outcome: Outcome, thumbnail: Thumbnail) -> Iterator[Block]:
    """Yield the nearest pictures of some, drawn once by a fixed seed."""
    assert outcome.features_ND is not None
    others_K = len(known.rows) - np.bincount(known.artists_K)[known.artists_K]
    able = np.flatnonzero(others_K >= NEIGHBOURS_SHOWN)
    drawn = np.random.default_rng(_SEED).permutation(able)[:QUERIES]
    count = len(drawn)
    if not count:
        return
    yield Prose(
        f"{count} pictures with the nearest ones by other artists, the nearest first."
        " Look whether they share the style or what is painted."
    )
    embeddings = {"": outcome.features_ND}
    if outcome.content_ND is not None:
        embeddings = {", by style": outcome.features_ND, ", by content": outcome.content_ND}
    near = [
        nearest_of_others(
            rows_ND[known.positions_K], known.artists_K, np.sort(drawn), NEIGHBOURS_SHOWN
        )
        for rows_ND in embeddings.values()
    ]
    for each in zip(*near, strict=True):
        for by, (asked, found) in zip(embeddings, each, strict=True):
            row = known.rows[asked]
            title = f"{row.title or row.path} ({genre_name(known.genres[asked].name)}){by}"
            yield Gallery(title, [_tile(known, n, thumbnail) for n in (asked, *found.tolist())])


def _tile(known: Known, position: int, thumbnail: Thumbnail) -> Picture:
    row, genre = known.rows[position], known.genres[position]
    lines = [f"{display_name(row.style)}, {genre_name(genre.name)}", display_artist(row.artist)]
    picture = thumbnail(int(known.positions_K[position]))
    return replace(picture, caption="\n".join(filter(None, lines)))


def _ratio(measured: Measured) -> str:
    low, high = measured.interval
    return f"{measured.value:.2f} ({low:.2f} to {high:.2f})"


def _share(measured: Measured) -> str:
    low, high = measured.interval
    return f"{measured.value:.3f} ({low:.3f} to {high:.3f})"
