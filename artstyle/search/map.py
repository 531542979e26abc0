"""The map of an index: its works in two dimensions, on one page that needs nothing else."""

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.data.artists import display_artist
from artstyle.errors import ImageError
from artstyle.pictures.finding import printable
from artstyle.pictures.image import ImageRules, read_image
from artstyle.presentation.pages import templates
from artstyle.progress import Progress, silent
from artstyle.search.embeddings import Vectors
from artstyle.search.index import Index
from artstyle.search.works import Work
from artstyle.storage.files import write_bytes
from artstyle.styles.vocabulary import display_name

MOST_WORKS = 3000
"""A larger collection is drawn by as many of its works, chosen at random with a fixed seed."""
STAGE = "drawing the map"
_TILE_PX, _COLUMNS, _PER_SHEET = 64, 20, 500
_JPEG_QUALITY, _NOTHING = 72, (138, 133, 125)
_PCA_SIZE, _PERPLEXITY, _LEAST_FOR_TSNE = 50, 30, 10
_ANY_STRIP = ImageRules(min_side_px=1)
_HOW = (
    "Works whose embeddings are alike are near each other: principal components, then t-SNE (van"
    " der Maaten and Hinton 2008). Only nearness counts: neither the axes nor the distance between"
    " two groups mean anything. The map is not exact; 'artstyle similar' compares the embeddings"
    " themselves."
)
_PAGE = Path(__file__).parent / "map_page"


def write_map(path: Path, index: Index, *, progress: Progress = silent) -> Iterator[str]:
    """Write the map, whole or not at all, and yield notes on what it leaves out.

    Args:
        path: The page.
        index: The index; thumbnails are read from the files of its works.
        progress: Called after each thumbnail.

    Raises:
        DataError: The index is damaged.
    """
    rows = np.arange(index.document.works)
    if len(rows) > MOST_WORKS:
        generator = np.random.default_rng(0)
        rows = np.sort(generator.choice(rows, MOST_WORKS, replace=False))
        yield f"the map shows {MOST_WORKS:,} of {index.document.works:,} works, chosen at random"
    works = [index.work(int(row)) for row in rows]
    places_N2 = flattened(index.vectors(rows)["style"])
    sheets = _Sheets()
    missing = 0
    shown = []
    for done, (work, place) in enumerate(zip(works, places_N2, strict=True), 1):
        size = sheets.add(Path(work.path) if work.is_file else None)
        missing += size is None
        shown.append(_entry(work, place, size or (_TILE_PX, _TILE_PX)))
        progress(STAGE, done, len(works))
    _write(path, shown, sheets.sources(), index)
    if missing:
        yield (
            f"{missing} works have no thumbnail: their files cannot be read from this folder; run"
            " the command where the index was made"
        )


def flattened(vectors_ND: Vectors) -> NDArray[np.float64]:
    """Return places in two dimensions, N x 2, between 0 and 1; the same for the same vectors.

    Principal components first, then t-SNE; of fewer than 10 works the components alone.
    """
    centred_ND = np.asarray(vectors_ND, np.float64) - vectors_ND.mean(axis=0)
    left_NK, sizes_K, _ = np.linalg.svd(centred_ND, full_matrices=False)
    places_NK = _signed(left_NK[:, :_PCA_SIZE] * sizes_K[:_PCA_SIZE])
    if len(places_NK) >= _LEAST_FOR_TSNE:
        perplexity = min(_PERPLEXITY, (len(places_NK) - 1) / 3)
        tsne = import_module("sklearn.manifold").TSNE(
            perplexity=perplexity, init="pca", random_state=0
        )
        places_NK = tsne.fit_transform(places_NK)
    places_N2 = np.zeros((len(places_NK), 2))
    places_N2[:, : places_NK.shape[1]] = places_NK[:, :2]
    low_2, high_2 = places_N2.min(axis=0), places_N2.max(axis=0)
    spread_2 = np.where(high_2 > low_2, high_2 - low_2, 1)
    placed_N2: NDArray[np.float64] = (places_N2 - low_2) / spread_2
    placed_N2[:, high_2 <= low_2] = 0.5
    return placed_N2


def _signed(places_NK: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return components whose largest number is positive: libraries choose the sign freely."""
    largest_K = np.abs(places_NK).argmax(axis=0)
    signs_K = np.sign(places_NK[largest_K, np.arange(places_NK.shape[1])])
    return places_NK * np.where(signs_K == 0, 1, signs_K)


def _entry(work: Work, place: NDArray[np.float64], size: tuple[int, int]) -> dict[str, Any]:
    return {
        "x": round(float(place[0]), 4),
        "y": round(float(place[1]), 4),
        "w": size[0],
        "h": size[1],
        "name": work.title or printable(Path(work.path)).rsplit("/", 1)[-1],
        "path": printable(Path(work.path)),
        "style": work.style and display_name(work.style),
        "predicted": display_name(work.predicted),
        "artist": work.artist and display_artist(work.artist),
        "verdict": work.verdict,
    }


class _Sheets:
    """Thumbnails side by side in few pictures: a browser opens them faster than thousands."""

    def __init__(self) -> None:
        self._sheets: list[str] = []
        self._sheet, self._count = self._blank(), 0

    def add(self, path: Path | None) -> tuple[int, int] | None:
        """Add a thumbnail and return its width and height; None if no file can be read."""
        if self._count == _PER_SHEET:
            self._close()
        left = self._count % _COLUMNS * _TILE_PX
        top = self._count // _COLUMNS * _TILE_PX
        self._count += 1
        picture = None if path is None else _small(path)
        if picture is None:
            self._sheet.paste(_NOTHING, (left, top, left + _TILE_PX, top + _TILE_PX))
            return None
        self._sheet.paste(picture, (left, top))
        return picture.size

    def sources(self) -> list[str]:
        """Return the sheets as data URIs."""
        self._close()
        return self._sheets

    def _close(self) -> None:
        if self._count:
            rows = -(-self._count // _COLUMNS)
            buffer = io.BytesIO()
            sheet = self._sheet.crop((0, 0, self._sheet.width, rows * _TILE_PX))
            sheet.save(buffer, "JPEG", quality=_JPEG_QUALITY)
            content = base64.b64encode(buffer.getvalue()).decode()
            self._sheets.append(f"data:image/jpeg;base64,{content}")
        self._sheet, self._count = self._blank(), 0

    @staticmethod
    def _blank() -> Image.Image:
        rows = _PER_SHEET // _COLUMNS
        return Image.new("RGB", (_COLUMNS * _TILE_PX, rows * _TILE_PX), _NOTHING)


def _small(path: Path) -> Image.Image | None:
    try:
        picture = read_image(path, short_side_px=_TILE_PX, rules=_ANY_STRIP).pixels
    except (ImageError, OSError):
        return None
    picture.thumbnail((_TILE_PX, _TILE_PX), Image.Resampling.LANCZOS)
    return picture


def _write(
    path: Path, shown: Sequence[dict[str, Any]], sheets: Sequence[str], index: Index
) -> None:
    script = (_PAGE / "map.js").read_text("utf-8")
    data = {
        "works": shown,
        "sheets": sheets,
        "tile": _TILE_PX,
        "columns": _COLUMNS,
        "perSheet": _PER_SHEET,
    }
    document = index.document
    page = (
        templates(_PAGE)
        .get_template("map.html")
        .render(
            title="Map of the collection",
            subtitle=f"{len(shown):,} works, placed by {document.network} {document.model}",
            how=_HOW,
            # No text of a work can end the element that it is in.
            works=json.dumps(data, ensure_ascii=True).replace("<", "\\u003c"),
            script=script,
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )
    write_bytes(path, page.encode("utf-8", errors="replace"))
