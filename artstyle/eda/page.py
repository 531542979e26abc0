"""The page of `eda`: its numbers and figures in words, on one sheet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artstyle.eda.collection import DATASET
from artstyle.eda.measures import MEASURED_SIDE_PX, USED
from artstyle.labels import display_name
from artstyle.pages import (
    Block,
    Facts,
    Folded,
    Gallery,
    Picture,
    Prose,
    Section,
    Table,
    embed,
    thumbnail,
)
from artstyle.plots import Tile

_LISTED = 300
"""Rows of a long list that the page shows; the JSON has all."""
_REASONS = {
    "balance": "more of the style than the balance policy keeps",
    "rare_style": "the style has too few paintings",
    "copy": "a copy of another file of the same style",
    "two_styles": "the painting stands under two styles",
    "copy_across_splits": "a copy would have come into another split",
}


@dataclass(frozen=True)
class Pictures:
    """The few paintings that are shown."""

    examples: Mapping[str, Sequence[Tile]]
    """Style -> paintings of it."""
    steps: Sequence[tuple[str, Sequence[Tile]]]
    """(style, one painting from the file to the network)."""
    variations: Sequence[tuple[str, Sequence[Tile]]]
    """(style, one painting as training varies it)."""
    pairs: Sequence[tuple[str, Sequence[Tile]]]
    """(what they share, two paintings)."""


def eda_sections(
    numbers: Mapping[str, Any], pictures: Pictures, figures: Mapping[str, Path]
) -> list[Section]:
    """Return the page's sections.

    Args:
        numbers: The content of ``eda.json``.
        pictures: The paintings that are shown.
        figures: Name -> the PNG that was drawn.
    """
    plates = {name: embed(path) for name, path in figures.items() if name in _ALTS}
    shown = {name: Picture(source, _ALTS[name]) for name, source in plates.items()}
    return [
        Section("Overview", _overview(numbers)),
        Section("Styles", [Prose(_balance_words(numbers)), shown["styles"], _style_table(numbers)]),
        Section("Size and aspect", [Prose(_size_words(numbers["sizes"])), shown["sizes"]]),
        Section(
            "Light and colour",
            [
                Prose(_light_words(numbers)),
                shown["light"],
                shown["brightness_by_style"],
                shown["saturation_by_style"],
                _light_table(numbers["light"]),
            ],
        ),
        Section("Artists", [Prose(_artist_words(numbers)), shown["artists"]]),
        Section("Examples", [_gallery(style, t) for style, t in pictures.examples.items()]),
        Section(
            "From file to network",
            [
                Prose(_preprocessing_words(numbers["preprocessing"])),
                *(_gallery(style, tiles, 300) for style, tiles in pictures.steps),
            ],
        ),
        Section(
            "Variations in training",
            [
                Prose("Each time a painting is drawn for training, chance varies it anew:"),
                Folded("The settings", [Facts({k: str(v) for k, v in numbers["augment"].items()})]),
                *(_gallery(style, tiles) for style, tiles in pictures.variations),
            ],
        ),
        Section("Copies", _copies(numbers, pictures.pairs)),
        Section("Files left out", _rejected(numbers)),
    ]


_ALTS = {
    "styles": "Bars: paintings of each style, by what becomes of them; numbers in the table below.",
    "sizes": "Heat map of width against height, and a histogram of the aspect ratio.",
    "light": "Histograms of the mean brightness and the mean saturation of the paintings.",
    "brightness_by_style": "Boxes: brightness of each style; numbers in the table below.",
    "saturation_by_style": "Boxes: saturation of each style; numbers in the table below.",
    "artists": "Bars: number of artists of each style; numbers in the table under Styles.",
}


def _overview(numbers: Mapping[str, Any]) -> list[Block]:
    facts = {
        "data": numbers["data"],
        "form": numbers["form"],
        "paintings": numbers["paintings"],
        "styles": len(numbers["styles"]),
        "artists": numbers["artists"],
        "take part": numbers["used"],
        "listed, not on disk": numbers["missing"],
        "decoded for this page": numbers["measured"],
        "unreadable or rejected": len(numbers["rejected"]),
        "pairs of copies": len(numbers["copies"]),
    }
    notes = [Prose(f"{note[:1].upper()}{note[1:]}.") for note in numbers["notes"]]
    return [Facts(facts), *notes]


def _balance_words(numbers: Mapping[str, Any]) -> str:
    reasons = ", ".join(
        f"{count:,} because {_REASONS.get(reason, reason)}"
        for reason, count in numbers["left_out"].items()
    )
    verb = "take part" if numbers["form"] == DATASET else "would take part"
    policy = numbers["balance"]["policy"]
    repeated = " In training, rare styles are repeated." if policy == "oversample" else ""
    return (
        f"Of {numbers['paintings']:,} paintings, {numbers['used']:,} {verb} under the balance"
        f" policy '{policy}'{f'; left out: {reasons}' if reasons else ''}.{repeated}"
    )


def _style_table(numbers: Mapping[str, Any]) -> Table:
    styles = numbers["styles"]
    fates = [fate for fate in USED if any(fate in row for row in styles.values())]
    rows = [
        [
            display_name(style),
            row["found"],
            *(row.get(fate, 0) for fate in fates),
            sum(row["left_out"].values()),
            row["artists"],
            row["top_artist"] or "unknown",
            f"{row['top_artist_paintings'] / row['found']:.0%}",
        ]
        for style, row in styles.items()
    ]
    columns = ["style", "found", *fates, "left out", "artists", "most frequent artist", "share"]
    return Table(columns, rows)


def _size_words(sizes: Mapping[str, Any]) -> str:
    width, height = sizes["width_px"], sizes["height_px"]
    return (
        f"Of {sizes['pictures']:,} pictures, {sizes['portrait']:,} are higher than wide,"
        f" {sizes['landscape']:,} wider than high, {sizes['square']:,} square. The median is"
        f" {width['median']:,.0f} x {height['median']:,.0f} pixels; widths go from"
        f" {width['min']:,.0f} to {width['max']:,.0f}, heights from {height['min']:,.0f} to"
        f" {height['max']:,.0f}."
    )


def _light_words(numbers: Mapping[str, Any]) -> str:
    read, found = numbers["measured"], numbers["paintings"]
    sample = (
        f"a seeded sample of {read:,} paintings, even over styles; in the whole, each style"
        " counts as its size in the collection demands"
        if read + len(numbers["rejected"]) < found
        else f"{read:,} paintings"
    )
    return (
        "Brightness is the mean luma (ITU-R BT.601) from 0, black, to 255, white; saturation is"
        " the mean S of HSV from 0, grey, to 1, pure colour. Measured on copies with a short side"
        f" of {MEASURED_SIDE_PX} pixels, of {sample}."
    )


def _light_table(light: Mapping[str, Any]) -> Block:
    columns = ["style", "paintings"]
    for name in ("brightness", "saturation"):
        columns += [f"{name} 25%", "median", "75%"]
    rows: list[list[str | int | float]] = []
    for style, bright in light["brightness"]["by_style"].items():
        colour = light["saturation"]["by_style"][style]
        brights = [f"{bright[point]:.0f}" for point in ("p25", "median", "p75")]
        colours = [f"{colour[point]:.2f}" for point in ("p25", "median", "p75")]
        rows.append([display_name(style), bright["pictures"], *brights, *colours])
    return Folded("The numbers", [Table(columns, rows)])


def _artist_words(numbers: Mapping[str, Any]) -> str:
    known = sum(row["artist_known"] for row in numbers["styles"].values())
    return (
        f"{numbers['artists']:,} artists are named, of {known:,} paintings. Where few artists stand"
        " for a style, a model can learn the artists instead: split.group=artist keeps each artist"
        " in one split and shows it."
    )


def _gallery(style: str, tiles: Sequence[Tile], side_px: int = 190) -> Gallery:
    pictures = [
        Picture(
            thumbnail(tile.image, side_px),
            alt=f"{display_name(style)}: {tile.caption or 'varied'}",
            caption=tile.caption,
        )
        for tile in tiles
    ]
    return Gallery(display_name(style), pictures, open=True)


def _preprocessing_words(steps: Mapping[str, Any]) -> str:
    fit = "its centre is cut out" if steps["fit"] == "crop" else "it is squashed"
    mean, std = (", ".join(f"{value:g}" for value in steps[key]) for key in ("mean", "std"))
    return (
        "Each picture is turned upright and made RGB, shrunk to a short side of"
        f" {steps['read_size']} pixels, then {fit} to {steps['image_size']} x"
        f" {steps['image_size']} pixels ({steps['interpolation']}); of red, green and blue in 0 to"
        f" 1 the mean {mean} is taken away, and they are divided by {std}."
    )


def _copies(numbers: Mapping[str, Any], pairs: Sequence[tuple[str, Sequence[Tile]]]) -> list[Block]:
    found = numbers["copies"]
    if not found:
        return [Prose("No two files were found that show one painting.")]
    styles = sum(pair["first_style"] != pair["second_style"] for pair in found)
    words = (
        f"{len(found):,} pairs of files show one painting, {styles:,} of them under two styles."
        " Equal names are looked for in the whole collection, equal files and equal looks among"
        " the pictures that were decoded."
    )
    rows = [
        [pair["kind"], pair["first"], pair["second"], "two styles" if differs else ""]
        for pair in found[:_LISTED]
        for differs in [pair["first_style"] != pair["second_style"]]
    ]
    galleries = [_gallery(kind, tiles) for kind, tiles in pairs]
    table = Table(["what is equal", "first", "second", ""], rows)
    return [Prose(words), *galleries, Folded(_first_of("The pairs", found), [table])]


def _rejected(numbers: Mapping[str, Any]) -> list[Block]:
    rejected = numbers["rejected"]
    if not rejected:
        return [Prose("Every picture that was decoded could be read.")]
    counts = sorted(Counter(item["reason"] for item in rejected).items())
    rows = [[item["path"], item["reason"], item["detail"]] for item in rejected[:_LISTED]]
    return [
        Table(["reason", "files"], [[reason, count] for reason, count in counts]),
        Folded(_first_of("The files", rejected), [Table(["file", "reason", "detail"], rows)]),
    ]


def _first_of(title: str, items: Sequence[object]) -> str:
    rest = "" if len(items) <= _LISTED else f": the first {_LISTED} of {len(items):,}"
    return f"{title}{rest}"
