"""Heatmaps on disk: PNG files, raw arrays, a record of each, and a page that lists them."""

import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from artstyle.explain.explain import Explained, Explanation
from artstyle.explain.folder import HeatmapFolder, HeatmapRecord, file_stem
from artstyle.explain.methods import TITLES, Method
from artstyle.explain.overlay import display_picture, draw_overlay, draw_panel, seen_region
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import printable
from artstyle.presentation.pages import (
    Block,
    Gallery,
    Picture,
    Prose,
    Section,
    Table,
    thumbnail,
    write_page,
)
from artstyle.storage.files import write_bytes, write_text
from artstyle.styles.names import display_name

_THUMBNAIL_PX = 160


@dataclass(frozen=True)
class Drawn:
    """The number of pictures with a heatmap, and the ones that could not be read."""

    records: list[HeatmapRecord]
    failures: list[tuple[Path, str]]
    """Path and reason."""


def write_heatmaps(
    folder: HeatmapFolder,
    explanations: Iterable[Explanation],
    model: StyleModel,
    method: Method,
    *,
    raw: bool = False,
) -> Drawn:
    """Draw each picture's heatmap, then list all heatmaps of the folder on its page.

    A picture that is explained again in the same way replaces its former files. No other file is
    changed.

    Args:
        folder: The folder, after `HeatmapFolder.open`.
        explanations: Consumed one by one.
        model: The model that was explained.
        method: The method that made the heat.
        raw: Also write the heat as a float32 array.
    """
    drawn = Drawn([], [])
    for explanation in explanations:
        if explanation.explained is None:
            drawn.failures.append((explanation.path, explanation.error or ""))
        else:
            drawn.records.append(
                _write_heatmap(
                    folder.path, explanation.path, explanation.explained, model, method, raw
                )
            )
    known = {record.panel: record for record in [*folder.records(), *drawn.records]}
    records = [record for record in known.values() if (folder.path / record.overlay).is_file()]
    lines = (json.dumps(asdict(record), ensure_ascii=False) + "\n" for record in records)
    write_text(folder.records_path, "".join(lines))
    _write_index(folder, records, drawn.failures)
    return drawn


def _write_heatmap(
    folder: Path, path: Path, explained: Explained, model: StyleModel, method: Method, raw: bool
) -> HeatmapRecord:
    subject = explained.subject
    stem = file_stem(path, subject.style, method, model.fingerprint)
    region = seen_region(explained.picture.size, model.preprocessing)
    picture = display_picture(explained.picture)
    overlay = draw_overlay(picture, explained.heat_SS, region)
    panel = draw_panel(
        picture,
        overlay,
        explained.ranked,
        title=f"{_heading(explained, method)}  ·  {TITLES[method]}  ·  {model.name}",
        note=printable(Path(path.name)) + _remark(explained),
    )
    record = HeatmapRecord(
        path=printable(path),
        style=subject.style,
        probability=subject.probability,
        method=method,
        model=model.fingerprint,
        overlay=f"{stem}-overlay.png",
        panel=f"{stem}-panel.png",
        raw=f"{stem}.npy" if raw else None,
        region=(region.left, region.top, region.right, region.bottom),
    )
    write_bytes(folder / record.overlay, _png(overlay))
    write_bytes(folder / record.panel, panel)
    if record.raw is not None:
        write_bytes(folder / record.raw, _npy(explained.heat_SS))
    return record


def _heading(explained: Explained, method: Method) -> str:
    subject = explained.subject
    if method == "eigencam":
        return "Heat of the strongest features, for any style"
    return f"Heat for {display_name(subject.style)}, {subject.probability:.1%}"


def _remark(explained: Explained) -> str:
    return "" if explained.heat_SS.any() else "  ·  no region supports this style"


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _npy(heat_SS: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, heat_SS.astype(np.float32), allow_pickle=False)
    return buffer.getvalue()


def _write_index(
    folder: HeatmapFolder, records: list[HeatmapRecord], failures: list[tuple[Path, str]]
) -> None:
    pictures = [_picture(folder.path, record) for record in records]
    blocks: list[Block] = [
        Prose("Each picture links to its panel: the painting, the heat on it, the styles."),
        Gallery("Heatmaps", pictures, open=True),
    ]
    sections = [Section("Heatmaps", blocks)]
    if failures:
        rows = [(printable(path), reason) for path, reason in failures]
        sections.append(Section("Unreadable files", [Table(("file", "reason"), rows)]))
    subtitle = f"{len(records)} heatmaps; {len(failures)} files could not be read"
    write_page(folder.index_path, "Heatmaps", subtitle, sections)


def _picture(folder: Path, record: HeatmapRecord) -> Picture:
    style = display_name(record.style)
    return Picture(
        thumbnail(folder / record.overlay, _THUMBNAIL_PX),
        alt=f"{record.path}, heat for {style}",
        caption=f"{Path(record.path).name}: {style} {record.probability:.0%}"
        f" ({TITLES[record.method]})",
        href=record.panel,
    )
