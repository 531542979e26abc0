"""The page of all heatmaps of a folder."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePath

from artstyle.explain.folder import HeatmapFolder, HeatmapRecord
from artstyle.explain.methods import TITLES
from artstyle.pictures.finding import printable
from artstyle.presentation.pages import (
    Gallery,
    Picture,
    Prose,
    Section,
    Table,
    thumbnail,
    write_page,
)
from artstyle.styles.vocabulary import display_name

HOW_TO_READ = (
    "The painting is grey; colour shows what spoke for the named style: the brighter, the more. A"
    " line surrounds the regions that are at least half as warm as the warmest. Paler colour and a"
    " dashed line: the model is unsure of the style."
)
"""What the colours of a heatmap mean."""
CONTENT_STREAM = (
    "Where it says content, colour shows what the content embedding is made of: what the picture"
    " shows, for this model, and not its style."
)
_THUMBNAIL_PX = 240


def write_index(
    folder: HeatmapFolder, records: Sequence[HeatmapRecord], failures: Sequence[tuple[Path, str]]
) -> None:
    """Write ``index.html``: the heatmaps with their paintings' paths, and what failed."""
    methods = sorted({TITLES[record.method] for record in records})
    each = "Each picture links to its panel: the painting, the heat on it, the styles."
    words = [HOW_TO_READ, each]
    if any(record.stream == "content" for record in records):
        words.insert(1, CONTENT_STREAM)
    sections: list[Section] = [
        Section("How to read them", [Prose(text) for text in words]),
        Section("Paintings", [_gallery(folder.path, records, name_method=len(methods) > 1)]),
    ]
    if failures:
        rows = [(printable(path), reason) for path, reason in failures]
        sections.append(Section("Unreadable files", [Table(("file", "reason"), rows)]))
    subtitle = f"{len(records)} paintings, {', '.join(methods)}" if records else "No painting yet"
    write_page(folder.index_path, "Heatmaps", subtitle, sections)


def heatmap_picture(
    folder: Path, record: HeatmapRecord, *, name: str, href: str = "", method: str = ""
) -> Picture:
    """Return the small overlay of a heatmap with its name, style and perhaps method."""
    style = f"{display_name(record.style)} {record.probability:.0%}"
    lines = [
        name,
        "content" if record.stream == "content" else "",
        f"{record.doubt}: {style}" if record.doubt else style,
        *([method] * bool(method)),
    ]
    source = thumbnail(folder / record.overlay, _THUMBNAIL_PX)
    subject = "its content" if record.stream == "content" else display_name(record.style)
    alt = f"{record.path}, heat for {subject}"
    return Picture(source, alt, "\n".join(filter(None, lines)), href)


def common_folder(records: Sequence[HeatmapRecord]) -> PurePath:
    """Return the folder that holds all paintings; "." if there is none."""
    try:
        return PurePath(os.path.commonpath([PurePath(record.path).parent for record in records]))
    except ValueError:  # none, or absolute and relative paths
        return PurePath()


def name_within(record: HeatmapRecord, folder: PurePath) -> str:
    """Return the path of a heatmap's painting within a folder, with forward slashes."""
    path = PurePath(record.path)
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def _gallery(folder: Path, records: Sequence[HeatmapRecord], *, name_method: bool) -> Gallery:
    within = common_folder(records)
    pictures = [
        heatmap_picture(
            folder,
            record,
            name=name_within(record, within),
            href=record.panel,
            method=TITLES[record.method] if name_method else "",
        )
        for record in records
    ]
    title = f"{len(records)} in {within}" if within.name else f"{len(records)} paintings"
    return Gallery(title, pictures, open=True)
