"""`eda` from end to end: measure a collection, draw it, write numbers, figures and a page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from artstyle.config import Config
from artstyle.eda.collection import DATASET, Collection, Painting, Unreadable, read_bytes
from artstyle.eda.copies import CopyPair, copies_in_source, copies_left_out
from artstyle.eda.figures import (
    plot_artists,
    plot_light,
    plot_light_by_style,
    plot_sizes,
    plot_styles,
)
from artstyle.eda.measures import (
    USED,
    Measured,
    Measurements,
    choose_by_style,
    even_quota,
    light_numbers,
    measure,
    size_numbers,
    style_numbers,
)
from artstyle.eda.page import Pictures, eda_sections
from artstyle.eda.samples import augmented_tiles, preprocessing_tiles
from artstyle.errors import DataError, ImageError, UsageError
from artstyle.files import read_json, write_json
from artstyle.images import read_image
from artstyle.labels import display_name, label_order
from artstyle.locks import is_vacant
from artstyle.pages import write_page
from artstyle.plots import Tile, plot_pictures, write_figure
from artstyle.preprocessing import Preprocessing
from artstyle.progress import Progress, silent

MARK = "artstyle eda"
"""Stands in eda.json: a folder that holds it may be written anew."""

_FORMS = {
    "folders": "style folders",
    "split_folders": "style folders in train, val and test",
    "manifest": "a manifest",
    "artgan": "the ArtGAN lists",
    "parquet": "Parquet shards",
    DATASET: "a dataset folder",
}
_EXAMPLES_PER_STYLE = 6
_TRANSFORMED_PAINTINGS = 3
_VARIATIONS = 6
_DRAWN_PAIRS = 12
_TILE_SIDE_PX = 170


@dataclass(frozen=True)
class Explored:
    """What was looked at, and where it is told."""

    page: Path
    numbers: Path
    figures: tuple[Path, ...]
    measured: int
    unreadable: tuple[Unreadable, ...]


def explore(
    collection: Collection,
    config: Config,
    preprocessing: Preprocessing,
    out: Path,
    *,
    sample: int,
    progress: Progress = silent,
) -> Explored:
    """Write ``eda.json``, figures as PNG and ``eda.html`` to a folder.

    Args:
        collection: What is looked at.
        config: Its seed, quality, augmentation and number of workers count here.
        preprocessing: The steps that are shown.
        out: Made if need be; what an earlier call wrote there is written anew.
        sample: At most about this many paintings are decoded, evenly over styles.
        progress: Told of the paintings read and the figures drawn.

    Raises:
        UsageError: ``out`` holds something else, or lies inside a source.
        DataError: No picture can be read.
    """
    require_output_folder(out, collection)
    seen = _measure_sample(collection, config, preprocessing, sample, progress)
    pairs = _find_pairs(collection, seen, config)
    numbers = _numbers(collection, seen, pairs, config, preprocessing)
    write_json(out / "eda.json", numbers)
    pictures = _read_pictures(collection, seen, pairs, config, preprocessing)
    figures = _write_figures(out, _draw(numbers, pictures), progress)
    title = f"A look at {collection.path.resolve().name}"
    sections = eda_sections(numbers, pictures, figures)
    write_page(out / "eda.html", title, _subtitle(numbers), sections)
    return Explored(
        page=out / "eda.html",
        numbers=out / "eda.json",
        figures=tuple(figures.values()),
        measured=len(seen.measured),
        unreadable=seen.unreadable,
    )


def require_output_folder(out: Path, collection: Collection) -> None:
    """Check that writing to ``out`` harms nothing.

    Raises:
        UsageError: It holds something else, or lies inside a source.
    """
    in_folders = collection.format in ("folders", "split_folders")
    if in_folders and out.resolve().is_relative_to(collection.root.resolve()):
        raise UsageError(f"{out} lies inside the pictures' folder; choose another with --out")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; choose a folder with --out")
    if not is_vacant(out) and not _is_ours(out):
        raise UsageError(f"{out} holds other files; choose an empty or new folder with --out")


def _is_ours(out: Path) -> bool:
    path = out / "eda.json"
    content = read_json(path) if path.is_file() else None
    return isinstance(content, dict) and content.get("format") == MARK


def _measure_sample(
    collection: Collection,
    config: Config,
    preprocessing: Preprocessing,
    sample: int,
    progress: Progress,
) -> Measurements:
    quota = even_quota(collection.paintings, sample)
    chosen = choose_by_style(collection.paintings, quota, config.seed, "measure")
    seen = measure(collection, chosen, preprocessing.rules, config.data.workers, progress)
    if not seen.measured:
        first = seen.unreadable[0]
        raise DataError(f"none of the pictures can be read; {first.path}: {first.detail}")
    return seen


def _find_pairs(collection: Collection, seen: Measurements, config: Config) -> list[CopyPair]:
    if collection.is_dataset:
        return copies_left_out(collection.paintings)
    return copies_in_source(collection.paintings, seen.measured, config.quality.near_distance)


def _numbers(
    collection: Collection,
    seen: Measurements,
    pairs: Sequence[CopyPair],
    config: Config,
    preprocessing: Preprocessing,
) -> dict[str, Any]:
    """Return everything that figures and page show, as plain data."""
    paintings = collection.paintings
    styles = style_numbers(paintings)
    sized = paintings if collection.is_dataset else seen.measured
    rejected = (*collection.rejected, *seen.unreadable)
    return {
        "format": MARK,
        "format_version": 1,
        "data": str(collection.path),
        "form": collection.format,
        "seed": config.seed,
        "paintings": len(paintings),
        "used": sum(painting.fate in USED for painting in paintings),
        "left_out": dict(sorted(Counter(p.fate for p in paintings if p.fate not in USED).items())),
        "artists": len({painting.artist for painting in paintings} - {""}),
        "missing": collection.missing,
        "measured": len(seen.measured),
        "balance": collection.balance.model_dump(mode="json"),
        "notes": list(collection.notes),
        "styles": styles,
        "sizes": size_numbers([item.width for item in sized], [item.height for item in sized]),
        "light": light_numbers(seen.measured, {s: n["found"] for s, n in styles.items()}),
        "copies": [_plain_pair(pair) for pair in pairs],
        "rejected": [asdict(item) for item in rejected],
        "preprocessing": preprocessing.to_dict(),
        "augment": config.augment.model_dump(mode="json"),
    }


def _plain_pair(pair: CopyPair) -> dict[str, str]:
    return {
        "kind": pair.kind,
        "first": pair.first.path,
        "first_style": pair.first.style,
        "second": pair.second.path,
        "second_style": pair.second.style,
    }


def _read_pictures(
    collection: Collection,
    seen: Measurements,
    pairs: Sequence[CopyPair],
    config: Config,
    preprocessing: Preprocessing,
) -> Pictures:
    """Read the few paintings that are shown, as small copies."""
    readable = [item.painting for item in seen.measured]
    shown = choose_by_style(readable, _EXAMPLES_PER_STYLE, config.seed, "examples")
    examples: dict[str, list[Tile]] = {painting.style: [] for painting in shown}
    for painting, tile in _tiles(collection, shown):
        examples[painting.style].append(tile)
    few = _elongated(seen.measured, {painting.path for painting in shown})
    contents = [
        (painting.style, content)
        for painting, content in read_bytes(collection, few)
        if isinstance(content, bytes)
    ]
    return Pictures(
        examples=examples,
        steps=[(style, preprocessing_tiles(content, preprocessing)) for style, content in contents],
        variations=[
            (style, augmented_tiles(content, preprocessing, config.augment, _VARIATIONS, seed))
            for seed, (style, content) in enumerate(contents, start=config.seed)
        ],
        pairs=[
            (pair.kind, [_with_style(*shown) for shown in _tiles(collection, pair.both)])
            for pair in pairs[:_DRAWN_PAIRS]
        ],
    )


def _elongated(measured: Sequence[Measured], paths: set[str]) -> list[Painting]:
    """Return a few of the paintings, of different styles, whose square loses most."""
    longest: dict[str, Measured] = {}
    for item in measured:
        if item.painting.path in paths:
            best = longest.setdefault(item.painting.style, item)
            longest[item.painting.style] = max(best, item, key=_elongation)
    styles = label_order(longest)
    step = max(1, len(styles) // _TRANSFORMED_PAINTINGS)
    return [longest[style].painting for style in styles[::step][:_TRANSFORMED_PAINTINGS]]


def _elongation(item: Measured) -> float:
    return max(item.width, item.height) / min(item.width, item.height)


def _tiles(collection: Collection, paintings: Sequence[Painting]) -> list[tuple[Painting, Tile]]:
    """Read small copies; what has become unreadable since it was measured is left out."""
    tiles = []
    for painting, content in read_bytes(collection, paintings):
        try:
            if isinstance(content, ImageError):
                raise content
            picture = read_image(content, short_side_px=_TILE_SIDE_PX).pixels
        except ImageError:
            continue
        tiles.append((painting, Tile(picture, painting.path.rpartition("/")[2])))
    return tiles


def _with_style(painting: Painting, tile: Tile) -> Tile:
    return Tile(tile.image, f"{display_name(painting.style)}\n{tile.caption}")


def _draw(numbers: dict[str, Any], pictures: Pictures) -> dict[str, Figure]:
    light = numbers["light"]
    figures = {
        "styles": plot_styles(numbers["styles"]),
        "sizes": plot_sizes(numbers["sizes"]),
        "light": plot_light(light),
        "brightness_by_style": plot_light_by_style("brightness", light["brightness"], 255),
        "saturation_by_style": plot_light_by_style("saturation", light["saturation"], 1),
        "artists": plot_artists(numbers["styles"]),
        "examples": plot_pictures(list(pictures.examples.items()), title="Examples of each style"),
        "preprocessing": plot_pictures(
            pictures.steps, title="What the network sees", row_height_px=240
        ),
        "augmentation": plot_pictures(pictures.variations, title="How training varies pictures"),
    }
    if pictures.pairs:
        figures["copies"] = plot_pictures(pictures.pairs, title="Paintings that look like one")
    return figures


def _write_figures(out: Path, figures: dict[str, Figure], progress: Progress) -> dict[str, Path]:
    """Write the figures; return name -> file."""
    if "copies" not in figures:
        (out / "copies.png").unlink(missing_ok=True)  # of an earlier call
    paths = {name: out / f"{name}.png" for name in figures}
    for done, (name, path) in enumerate(paths.items(), start=1):
        write_figure(path, figures[name])
        progress("drawing figures", done, len(paths))
    return paths


def _subtitle(numbers: dict[str, Any]) -> str:
    form = _FORMS.get(numbers["form"], numbers["form"])
    return f"{numbers['paintings']:,} paintings in {len(numbers['styles'])} styles, from {form}"
