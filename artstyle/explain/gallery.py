"""Heatmaps on disk: pictures, raw arrays, a record of each, and a page that lists them."""

import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from artstyle.explain.explain import Explained, Explanation
from artstyle.explain.folder import HeatmapFolder, HeatmapRecord, doubt, file_stem
from artstyle.explain.index import write_index
from artstyle.explain.methods import TITLES, Method
from artstyle.explain.overlay import display_picture, draw_overlay, seen_region
from artstyle.explain.panel import draw_panel
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import printable
from artstyle.storage.files import write_bytes, write_text
from artstyle.styles.vocabulary import display_name

# Measured on 60 scans: 8 MB of panels and overlays; as PNG they were 56 MB.
_JPEG_QUALITY = 82
_PNG_COLOURS = 256
_NAME_CHARACTERS = 48


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
    png: bool = False,
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
        png: Write overlays as PNG files of 256 colours, not as JPEG.
    """
    drawn = Drawn([], [])
    for explanation in explanations:
        if explanation.explained is None:
            drawn.failures.append((explanation.path, explanation.error or ""))
        else:
            drawn.records.append(
                _write_heatmap(
                    folder.path, explanation.path, explanation.explained, model, method, raw, png
                )
            )
    known = {record.stem: record for record in folder.records()}
    for record in drawn.records:
        _remove_former(folder.path, known.get(record.stem), record)
        known[record.stem] = record
    records = [record for record in known.values() if (folder.path / record.overlay).is_file()]
    lines = (json.dumps(asdict(record), ensure_ascii=False) + "\n" for record in records)
    write_text(folder.records_path, "".join(lines))
    write_index(folder, records, drawn.failures)
    return drawn


def _write_heatmap(
    folder: Path,
    path: Path,
    explained: Explained,
    model: StyleModel,
    method: Method,
    raw: bool,
    png: bool,
) -> HeatmapRecord:
    subject = explained.subject
    context = (subject.style, method, model.fingerprint)
    stem = file_stem(path, *context, *(["content"] if explained.stream == "content" else []))
    region = seen_region(explained.picture.size, model.preprocessing)
    picture = display_picture(explained.picture)
    why = doubt(explained.verdict, subject.probability, explained.stream)
    overlay = draw_overlay(picture, explained.heat_SS, region, unsure=bool(why))
    panel = draw_panel(
        picture,
        overlay,
        explained.ranked,
        title=_heading(explained, method, why),
        note=f"{_short(printable(Path(path.name)))}  ·  {TITLES[method]}, {model.name}",
        unsure=bool(why),
    )
    record = HeatmapRecord(
        path=printable(path),
        style=subject.style,
        probability=subject.probability,
        verdict=explained.verdict,
        method=method,
        stream=explained.stream,
        model=model.fingerprint,
        overlay=f"{stem}-overlay.{'png' if png else 'jpg'}",
        panel=f"{stem}-panel.jpg",
        raw=f"{stem}.npy" if raw else None,
        region=(region.left, region.top, region.right, region.bottom),
    )
    write_bytes(folder / record.overlay, _png(overlay) if png else jpeg(overlay))
    write_bytes(folder / record.panel, jpeg(panel))
    if record.raw is not None:
        write_bytes(folder / record.raw, _npy(explained.heat_SS))
    return record


def _remove_former(folder: Path, former: HeatmapRecord | None, record: HeatmapRecord) -> None:
    """Remove the pictures of the same heatmap in another format."""
    if former is not None:
        for name in {former.overlay, former.panel} - {record.overlay, record.panel}:
            (folder / name).unlink(missing_ok=True)


def _heading(explained: Explained, method: Method, why: str) -> str:
    subject = explained.subject
    if explained.stream == "content":
        return "Heat for what the picture shows"
    if method == "eigencam":
        return "Heat of the strongest features, for any style"
    style = f"{display_name(subject.style)}, {subject.probability:.0%}"
    if not explained.heat_SS.any():
        return f"Nothing here supports {style}"
    return f"{why.capitalize()}: {style}" if why else f"Heat for {style}"


def _short(name: str) -> str:
    return name if len(name) <= _NAME_CHARACTERS else f"{name[: _NAME_CHARACTERS - 1]}…"


def jpeg(image: Image.Image) -> bytes:
    """Return a drawing as a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return buffer.getvalue()


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.quantize(_PNG_COLOURS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _npy(heat_SS: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, heat_SS.astype(np.float32), allow_pickle=False)
    return buffer.getvalue()
