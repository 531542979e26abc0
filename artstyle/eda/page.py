"""The page of `eda`: its numbers and figures in words, on one page."""

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from artstyle.data.artists import display_artist
from artstyle.data.reasons import in_words
from artstyle.eda.collection import DATASET
from artstyle.eda.document import USED, CollectionReport, Light, Sizes
from artstyle.eda.measures import MEASURED_SIDE_PX
from artstyle.eda.pictures import LabelledTiles, Pictures
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.presentation.drawings import svg
from artstyle.presentation.pages import (
    Block,
    Content,
    Drawing,
    Facts,
    Folded,
    Gallery,
    Picture,
    Prose,
    Row,
    Section,
    Table,
    thumbnail,
)
from artstyle.presentation.plots import Tile
from artstyle.styles.vocabulary import display_name

_LISTED = 300
"""Most rows of a long list on the page; ``eda.json`` has all."""


def eda_sections(
    report: CollectionReport, pictures: Pictures, figures: Mapping[str, Figure], training: str
) -> list[Section]:
    """Return the page's sections.

    Args:
        report: The numbers.
        pictures: The paintings that are shown.
        figures: Name -> figure.
        training: The recipe and the model whose preprocessing is shown, in words.
    """
    shown = {
        name: Drawing(svg(figures[name], name.replace("_", "")), alt) for name, alt in _ALTS.items()
    }
    return [
        Section("Overview", _overview(report)),
        Section("Styles", [Prose(_on_balance(report)), shown["styles"], _style_table(report)]),
        Section("Size and aspect", _sizes(report.sizes, shown)),
        Section("Light and colour", _light(report, shown)),
        Section("Artists", [Prose(_on_artists(report)), shown["artists"]]),
        Section("Examples", [_gallery(style, t) for style, t in pictures.examples.items()]),
        Section("From file to network", _steps(report, pictures, training)),
        Section("Variations in training", _variations(report, pictures, training)),
        Section("Copies", _copies(report, pictures.pairs)),
        Section("Files left out", _rejected(report)),
    ]


_ALTS = {
    "styles": "Bars: paintings of each style, by split or left out; numbers in the table below.",
    "sizes": "Map of width against height; the stronger a cell's colour, the more paintings.",
    "aspects": "Histogram of the width of the paintings to their height.",
    "brightness": "Histogram of the brightness of the paintings.",
    "saturation": "Histogram of the saturation of the paintings.",
    "brightness_by_style": "Boxes: brightness of each style; numbers in the table below.",
    "saturation_by_style": "Boxes: saturation of each style; numbers in the table below.",
    "artists": "Bars: number of artists of each style; numbers in the table under Styles.",
}


def _overview(report: CollectionReport) -> list[Block]:
    facts: dict[str, Content] = {
        "data": report.data,
        "format": report.form,
        "paintings": report.paintings,
        "styles": len(report.styles),
        "artists": report.artists,
        "take part": report.used,
        "listed, not on disk": report.missing,
        "decoded for this page": report.measured,
        "unreadable or rejected": len(report.rejected),
        "pairs of copies": len(report.copies),
    }
    notes = [Prose(f"{note[:1].upper()}{note[1:]}.") for note in report.notes]
    return [Facts(facts), *notes]


_POLICIES = {
    "cap": "at most {most:,} of each style",
    "equal": "as many of each style as the rarest one has",
    "oversample": "at most {most:,} of each style; in training, rare styles are repeated",
    "none": "all of them",
}
"""What ``balance.policy`` does, in words."""


def _on_balance(report: CollectionReport) -> str:
    reasons = "; ".join(f"{count:,} {in_words(why)}" for why, count in report.left_out.items())
    verb = "take part" if report.form == DATASET else "would take part"
    balance = report.balance
    policy = _POLICIES[balance.policy].format(most=balance.max_per_style)
    left_out = f" Left out: {reasons}." if reasons else ""
    return (
        f"Of {report.paintings:,} paintings, {report.used:,} {verb}: {policy}"
        f" (balance.policy={balance.policy}).{left_out}"
    )


def _style_table(report: CollectionReport) -> Table:
    styles = report.styles
    fates = [fate for fate in USED if any(fate in row.used for row in styles.values())]
    rows: list[list[Content]] = [
        [
            display_name(style),
            row.found,
            *(row.used.get(fate, 0) for fate in fates),
            sum(row.left_out.values()),
            row.artists,
            display_artist(row.top_artist) or "unknown",
            f"{row.top_artist_paintings / row.found:.0%}",
        ]
        for style, row in styles.items()
    ]
    columns = ["style", "found", *fates, "left out", "artists", "most frequent artist", "share"]
    return Table(columns, rows)


def _sizes(sizes: Sizes, shown: Mapping[str, Drawing]) -> list[Block]:
    return [Prose(_on_sizes(sizes)), Row([shown["sizes"], shown["aspects"]])]


def _on_sizes(sizes: Sizes) -> str:
    width, height = sizes.width_px, sizes.height_px
    return (
        f"Of {sizes.pictures:,} pictures, {sizes.portrait:,} are higher than wide,"
        f" {sizes.landscape:,} wider than high, {sizes.square:,} square. The median is"
        f" {width.median:,.0f} x {height.median:,.0f} pixels. Widths range from"
        f" {width.min:,.0f} to {width.max:,.0f}, heights from {height.min:,.0f} to"
        f" {height.max:,.0f}."
    )


def _light(report: CollectionReport, shown: Mapping[str, Drawing]) -> list[Block]:
    return [
        Prose(_on_light(report)),
        Row([shown["brightness"], shown["saturation"]]),
        Row([shown["brightness_by_style"], shown["saturation_by_style"]]),
        _light_table(report.light),
    ]


def _on_light(report: CollectionReport) -> str:
    sampled = report.measured + len(report.rejected) < report.paintings
    sample = (
        f"They are measured on a seeded sample of {report.measured:,} paintings, even over styles."
        " In the whole, each style weighs as much as its number of paintings."
        if sampled
        else f"They are measured on {report.measured:,} paintings."
    )
    return (
        "Brightness is how light a painting is on the whole, from 0, black, to 255, white."
        f" Saturation is how colourful it is, from 0, grey, to 1, pure colours. {sample} Each is"
        f" shrunk to a short side of {MEASURED_SIDE_PX} pixels first."
    )


def _light_table(light: Light) -> Block:
    columns = ["style", "paintings"]
    for name in ("brightness", "saturation"):
        columns += [f"{name} 25%", "median", "75%"]
    rows: list[list[Content]] = []
    for style, bright in light.brightness.by_style.items():
        colour = light.saturation.by_style[style]
        brights = [f"{value:.0f}" for value in (bright.p25, bright.median, bright.p75)]
        colours = [f"{value:.2f}" for value in (colour.p25, colour.median, colour.p75)]
        rows.append([display_name(style), bright.pictures, *brights, *colours])
    return Folded("The numbers", [Table(columns, rows)])


def _on_artists(report: CollectionReport) -> str:
    known = sum(row.artist_known for row in report.styles.values())
    return (
        f"{known:,} paintings name their artist; there are {report.artists:,} artists. If a style"
        " has few artists, a model can learn the artists instead of the style. To find out, keep"
        " each artist in one split: split.group=artist."
    )


def _steps(report: CollectionReport, pictures: Pictures, training: str) -> list[Block]:
    words = Prose(_on_preprocessing(report.preprocessing))
    other = Prose(
        f"So it is with {training}. To see another: artstyle eda --config RECIPE"
        " --set model.name=NAME"
    )
    return [words, other, *(_gallery(style, tiles, 300) for style, tiles in pictures.steps)]


def _variations(report: CollectionReport, pictures: Pictures, training: str) -> list[Block]:
    settings = {key: str(value) for key, value in report.augment.model_dump(mode="json").items()}
    return [
        Prose(
            "Training varies each painting at random, every time it is read, so that the model"
            f" does not learn single pictures by heart. Here with {training}:"
        ),
        Folded("The settings", [Facts(settings)]),
        *(_gallery(style, tiles) for style, tiles in pictures.variations),
    ]


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


def _on_preprocessing(steps: Preprocessing) -> str:
    size = f"{steps.image_size} x {steps.image_size} pixels"
    fit = (
        f"Its centre is cut out as a square of {size}: the edges are not seen."
        if steps.fit == "crop"
        else f"It is squashed to a square of {size}: all of it is seen, but its shape changes."
    )
    mean, std = (", ".join(f"{value:g}" for value in values) for values in (steps.mean, steps.std))
    return (
        "Each picture is turned upright, made RGB, and shrunk to a short side of"
        f" {steps.read_size} pixels. {fit} Last, its colours become the numbers that the network"
        f" expects: each channel, 0 to 1, minus its mean ({mean}), divided by its spread ({std})."
    )


def _copies(report: CollectionReport, pairs: Sequence[LabelledTiles]) -> list[Block]:
    found = report.copies
    if not found:
        return [Prose("No two files were found that show the same painting.")]
    two_styles = sum(pair.first_style != pair.second_style for pair in found)
    words = (
        f"{len(found):,} pairs of files show the same painting, {two_styles:,} of them under two"
        " styles. Equal names are searched in the whole collection, equal files and equal looks"
        " among the pictures that were decoded."
    )
    rows = [
        [
            pair.kind,
            pair.first,
            pair.second,
            "two styles" if pair.first_style != pair.second_style else "",
        ]
        for pair in found[:_LISTED]
    ]
    galleries = [_gallery(kind, tiles) for kind, tiles in pairs]
    table = Table(["what is equal", "first", "second", ""], rows)
    return [Prose(words), *galleries, Folded(_first_of("The pairs", found), [table])]


def _rejected(report: CollectionReport) -> list[Block]:
    rejected = report.rejected
    if not rejected:
        return [Prose("Every picture that was decoded could be read.")]
    counts = sorted(Counter(item.reason for item in rejected).items())
    rows = [[item.path, item.reason, item.detail] for item in rejected[:_LISTED]]
    return [
        Table(["reason", "files"], [[reason, count] for reason, count in counts]),
        Folded(_first_of("The files", rejected), [Table(["file", "reason", "detail"], rows)]),
    ]


def _first_of(title: str, items: Sequence[object]) -> str:
    rest = "" if len(items) <= _LISTED else f": the first {_LISTED} of {len(items):,}"
    return f"{title}{rest}"
