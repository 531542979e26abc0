"""`eda` from start to end: measure a collection, draw it, write numbers, figures and a page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from artstyle.config import Config
from artstyle.eda.collection import DATASET, Collection
from artstyle.eda.copies import CopyPair, copies_in_source, copies_left_out
from artstyle.eda.document import (
    REPORT_NAME,
    USED,
    CollectionReport,
    CopyEntry,
    RejectedFile,
    is_collection_report,
)
from artstyle.eda.figures import (
    plot_artists,
    plot_aspects,
    plot_brightness,
    plot_light_by_style,
    plot_saturation,
    plot_sizes,
    plot_styles,
)
from artstyle.eda.measures import (
    Measurements,
    choose_by_style,
    even_quota,
    light_numbers,
    measure,
    size_numbers,
    style_numbers,
)
from artstyle.eda.page import eda_sections
from artstyle.eda.pictures import Pictures, read_pictures
from artstyle.errors import DataError, UsageError
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.presentation.pages import write_page
from artstyle.presentation.plots import plot_pictures, write_figure
from artstyle.progress import Progress, silent
from artstyle.storage.files import remove_unfinished
from artstyle.storage.locks import is_vacant

_FORMS = {
    "folders": "style folders",
    "split_folders": "style folders in train, val and test",
    "manifest": "a manifest",
    "artgan": "the ArtGAN lists",
    "parquet": "Parquet shards",
    DATASET: "a dataset folder",
}


@dataclass(frozen=True)
class Explored:
    """What was written, and what could not be read."""

    page: Path
    numbers: Path
    figures: tuple[Path, ...]
    measured: int
    unreadable: tuple[RejectedFile, ...]


def explore(
    collection: Collection,
    config: Config,
    preprocessing: Preprocessing,
    out: Path,
    *,
    sample: int,
    recipe: str = "",
    progress: Progress = silent,
) -> Explored:
    """Write ``eda.json``, figures as PNG and ``eda.html`` to a folder.

    Args:
        collection: The paintings.
        config: Its seed, quality, augmentation and number of workers are used here.
        preprocessing: The steps that are shown.
        out: Made if it does not exist; what an earlier call wrote there is replaced.
        recipe: Name of the recipe that the configuration comes from; empty for the defaults.
        sample: At most about this many paintings are decoded, evenly over styles.
        progress: Called while paintings are read and figures are drawn.

    Raises:
        UsageError: ``out`` holds something else, or is inside a source.
        DataError: No picture can be read.
    """
    require_output_folder(out, collection)
    remove_unfinished(out)
    seen = _measure_sample(collection, config, preprocessing, sample, progress)
    pairs = _find_pairs(collection, seen, config)
    report = _report(collection, seen, pairs, config, preprocessing)
    report.write(out / REPORT_NAME)
    pictures = read_pictures(collection, seen.measured, pairs, config, preprocessing)
    figures = _draw(report, pictures)
    written = _write_figures(out, figures, progress)
    training = f"{f'the recipe {recipe!r}' if recipe else 'the defaults'} and {config.model.name}"
    sections = eda_sections(report, pictures, figures, training)
    write_page(out / "eda.html", collection.name, _subtitle(report), sections)
    return Explored(
        page=out / "eda.html",
        numbers=out / REPORT_NAME,
        figures=tuple(written.values()),
        measured=len(seen.measured),
        unreadable=seen.unreadable,
    )


def require_output_folder(out: Path, collection: Collection) -> None:
    """Check that writing to ``out`` overwrites nothing of others.

    Raises:
        UsageError: It holds something else, or is inside a source.
    """
    in_folders = collection.format in ("folders", "split_folders")
    if in_folders and out.resolve().is_relative_to(collection.root.resolve()):
        raise UsageError(f"{out} is inside the pictures' folder; choose another with --out")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; choose a folder with --out")
    if not is_vacant(out) and not is_collection_report(out / REPORT_NAME):
        raise UsageError(f"{out} holds other files; choose an empty or new folder with --out")


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
    return copies_in_source(seen.measured, config.quality.near_distance)


def _report(
    collection: Collection,
    seen: Measurements,
    pairs: Sequence[CopyPair],
    config: Config,
    preprocessing: Preprocessing,
) -> CollectionReport:
    """Return everything that figures and page show, in numbers."""
    paintings = collection.paintings
    left_out = Counter(painting.fate for painting in paintings if painting.fate not in USED)
    styles = style_numbers(paintings)
    sized = paintings if collection.is_dataset else seen.measured
    return CollectionReport(
        data=str(collection.path),
        form=collection.format,
        seed=config.seed,
        paintings=len(paintings),
        used=sum(painting.fate in USED for painting in paintings),
        left_out=dict(sorted(left_out.items())),
        artists=len({painting.artist for painting in paintings} - {""}),
        missing=collection.missing,
        measured=len(seen.measured),
        balance=collection.balance,
        notes=collection.notes,
        styles=styles,
        sizes=size_numbers([item.width for item in sized], [item.height for item in sized]),
        light=light_numbers(seen.measured, {style: n.found for style, n in styles.items()}),
        copies=[_copy_entry(pair) for pair in pairs],
        rejected=(*collection.rejected, *seen.unreadable),
        preprocessing=preprocessing,
        augment=config.augment,
    )


def _copy_entry(pair: CopyPair) -> CopyEntry:
    return CopyEntry(
        kind=pair.kind,
        first=pair.first.path,
        first_style=pair.first.style,
        second=pair.second.path,
        second_style=pair.second.style,
    )


def _draw(report: CollectionReport, pictures: Pictures) -> dict[str, Figure]:
    light = report.light
    figures = {
        "styles": plot_styles(report.styles),
        "sizes": plot_sizes(report.sizes),
        "aspects": plot_aspects(report.sizes),
        "brightness": plot_brightness(light),
        "saturation": plot_saturation(light),
        "brightness_by_style": plot_light_by_style("brightness", light.brightness, 255),
        "saturation_by_style": plot_light_by_style("saturation", light.saturation, 1),
        "artists": plot_artists(report.styles),
        "examples": plot_pictures(list(pictures.examples.items()), title="Examples of each style"),
        "preprocessing": plot_pictures(
            pictures.steps, title="What the network sees", row_height_px=240
        ),
        "augmentation": plot_pictures(pictures.variations, title="How training varies pictures"),
    }
    if pictures.pairs:
        figures["copies"] = plot_pictures(pictures.pairs, title="Files that show one painting")
    return figures


def _write_figures(out: Path, figures: dict[str, Figure], progress: Progress) -> dict[str, Path]:
    """Write the figures; return name -> file."""
    for name in {"copies", "light"} - set(figures):
        (out / f"{name}.png").unlink(missing_ok=True)  # of an earlier call
    paths = {name: out / f"{name}.png" for name in figures}
    for done, (name, path) in enumerate(paths.items(), start=1):
        write_figure(path, figures[name])
        progress("drawing figures", done, len(paths))
    return paths


def _subtitle(report: CollectionReport) -> str:
    form = _FORMS.get(report.form, report.form)
    return f"A look at {report.paintings:,} paintings in {len(report.styles)} styles, from {form}"
