"""The page of all heatmaps of a folder."""

from collections.abc import Iterator, Sequence
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
from artstyle.styles.names import display_name

HOW_TO_READ = (
    "The painting is grey; colour shows what spoke for the named style: the brighter, the more. A"
    " line surrounds the regions that are at least half as warm as the warmest. Paler colour and a"
    " dashed line: the model is unsure of the style."
)
"""What the colours of a heatmap mean."""
_THUMBNAIL_PX = 240


def write_index(
    folder: HeatmapFolder, records: Sequence[HeatmapRecord], failures: Sequence[tuple[Path, str]]
) -> None:
    """Write ``index.html``: the heatmaps by the folder of their paintings, and what failed."""
    methods = sorted({TITLES[record.method] for record in records})
    each = "Each picture links to its panel: the painting, the heat on it, the styles."
    sections = [
        Section("How to read them", [Prose(HOW_TO_READ), Prose(each)]),
        Section("Paintings", list(_galleries(folder.path, records, name_method=len(methods) > 1))),
    ]
    if failures:
        rows = [(printable(path), reason) for path, reason in failures]
        sections.append(Section("Unreadable files", [Table(("file", "reason"), rows)]))
    subtitle = f"{len(records)} paintings, {', '.join(methods)}" if records else "No painting yet"
    write_page(folder.index_path, "Heatmaps", subtitle, sections)


def heatmap_picture(
    folder: Path, record: HeatmapRecord, *, href: str = "", name_method: bool = False
) -> Picture:
    """Return the small overlay of a heatmap with its file name and style."""
    style = f"{display_name(record.style)} {record.probability:.0%}"
    lines = [PurePath(record.path).name, f"{record.doubt}: {style}" if record.doubt else style]
    if name_method:
        lines.append(TITLES[record.method])
    source = thumbnail(folder / record.overlay, _THUMBNAIL_PX)
    alt = f"{record.path}, heat for {display_name(record.style)}"
    return Picture(source, alt, "\n".join(lines), href)


def _galleries(
    folder: Path, records: Sequence[HeatmapRecord], *, name_method: bool
) -> Iterator[Gallery]:
    by_folder: dict[str, list[HeatmapRecord]] = {}
    for record in records:
        by_folder.setdefault(str(PurePath(record.path).parent), []).append(record)
    for name, inside in by_folder.items():
        pictures = [
            heatmap_picture(folder, record, href=record.panel, name_method=name_method)
            for record in inside
        ]
        yield Gallery(f"{name}: {len(inside)}", pictures, open=True)
