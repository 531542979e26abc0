"""Naming the styles of pictures: one row a picture, in order, written as it comes."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.errors import ImageError
from artstyle.inference import Prediction, predict_logits, softmax
from artstyle.models.checkpoint import StyleModel
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.image import read_image
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.progress import Progress, silent
from artstyle.storage.files import csv_writer

DataFormat = Literal["csv", "json", "jsonl"]
STAGE = "naming styles"

# Float32 logits differ in the eighth digit between batch sizes; more would print noise.
_DECIMALS = 8
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True)
class RankedStyle:
    """A style and how probable the model holds it to be, 0 to 1."""

    style: str
    probability: float


@dataclass(frozen=True)
class PredictionRow:
    """What is said of one picture."""

    path: Path
    styles: tuple[RankedStyle, ...] | None
    """The most probable first; None where the picture could not be read."""
    error: str | None
    model: str
    """The fingerprint of the model that says it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the row as it stands in JSON."""
        ranked = self.styles
        return {
            "path": str(self.path),
            "styles": ranked and [{"style": r.style, "probability": r.probability} for r in ranked],
            "error": self.error,
            "model": self.model,
        }


def predict_styles(
    model: StyleModel,
    pictures: Iterable[PicturePath],
    *,
    top_k: int = 3,
    batch_size: int | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Iterator[PredictionRow]:
    """Yield a row for each picture, in order, as the model answers.

    A picture that cannot be read gets a row with its error. Memory does not grow with the number
    of pictures.

    Args:
        model: The model that is asked.
        pictures: Consumed as needed.
        top_k: How many styles a row names; all, where the model knows fewer.
        batch_size: Pictures a forward pass; None takes what suits the device.
        threads: None takes one per core.
        progress: Told after each picture.
    """

    def read(picture: PicturePath) -> Image.Image:
        return read_picture(picture, model.preprocessing)

    done = 0
    for prediction in predict_logits(model, pictures, read, batch_size=batch_size, threads=threads):
        yield _row(prediction, model, top_k)
        done += 1
        progress(STAGE, done, None)
    progress(STAGE, done, done)


def read_picture(picture: PicturePath, preprocessing: Preprocessing) -> Image.Image:
    """Decode a picture as the model was taught to see pictures.

    Raises:
        ImageError: There is none, or it cannot be read.
    """
    if picture.problem is not None:
        raise ImageError(picture.problem)
    decoded = read_image(
        picture.path, short_side_px=preprocessing.read_size, rules=preprocessing.rules
    )
    return decoded.pixels


def rank_styles(
    logits_C: NDArray[np.float32], labels: Sequence[str], top_k: int
) -> tuple[RankedStyle, ...]:
    """Return the ``top_k`` most probable styles; among equals, the first label comes first."""
    probabilities_C = softmax(logits_C)
    best = np.argsort(-probabilities_C, kind="stable")[:top_k]
    return tuple(RankedStyle(labels[c], round(float(probabilities_C[c]), _DECIMALS)) for c in best)


def write_rows(
    rows: Iterable[PredictionRow], stream: TextIO, data_format: DataFormat, num_styles: int
) -> Iterator[PredictionRow]:
    """Write each row to ``stream`` as it comes, then hand it on.

    Args:
        rows: Consumed one by one.
        stream: Must bear paths that are no valid UTF-8: in JSON with ``backslashreplace``, which
            makes a lone surrogate the escape that JSON has for it; in CSV with
            ``surrogateescape``, which gives back the path's own bytes.
        data_format: ``json`` is one array, ``jsonl`` an object a line.
        num_styles: How many styles a row names: the columns of ``csv``.
    """
    if data_format == "csv":
        return _write_csv(rows, stream, num_styles)
    return _write_json(rows, stream) if data_format == "json" else _write_jsonl(rows, stream)


def _row(prediction: Prediction[PicturePath], model: StyleModel, top_k: int) -> PredictionRow:
    logits_C = prediction.logits_C
    ranked = None if logits_C is None else rank_styles(logits_C, model.labels, top_k)
    return PredictionRow(prediction.item.path, ranked, prediction.error, model.fingerprint)


def _write_csv(
    rows: Iterable[PredictionRow], stream: TextIO, num_styles: int
) -> Iterator[PredictionRow]:
    write = csv_writer(stream)
    numbered = [(f"style_{n}", f"probability_{n}") for n in range(1, num_styles + 1)]
    write(["path", *(name for pair in numbered for name in pair), "error", "model"])
    for row in rows:
        ranked = [cell for r in row.styles or () for cell in (r.style, _plain(r.probability))]
        padding = [""] * (2 * num_styles - len(ranked))
        write([_inert(row.path), *ranked, *padding, row.error or "", row.model])
        yield row


def _write_json(rows: Iterable[PredictionRow], stream: TextIO) -> Iterator[PredictionRow]:
    separator = "[\n"
    for row in rows:
        stream.write(f"{separator}{_json(row)}")
        separator = ",\n"
        yield row
    stream.write("\n]\n" if separator == ",\n" else "[]\n")


def _write_jsonl(rows: Iterable[PredictionRow], stream: TextIO) -> Iterator[PredictionRow]:
    for row in rows:
        stream.write(f"{_json(row)}\n")
        yield row


def _json(row: PredictionRow) -> str:
    return json.dumps(row.to_dict(), ensure_ascii=False, allow_nan=False)


def _plain(probability: float) -> str:
    return f"{probability:.{_DECIMALS}f}"


def _inert(path: Path) -> str:
    """Return a path that no spreadsheet takes for a formula, and that still leads to the file."""
    text = str(path)
    return f"./{text}" if text.startswith(_FORMULA_STARTS) else text
