import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.utils.extmath import softmax as reference_softmax
from torch import Tensor, nn

from artstyle.models.checkpoint import StyleModel
from artstyle.models.zoo import MODELS
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.prediction.predict import (
    DataFormat,
    PredictionRow,
    RankedStyle,
    predict_styles,
    rank_styles,
    write_rows,
)

LABELS = ("Blue", "Green", "Red")


class MeanColour(nn.Module):
    """The logit of a style is how much of its colour there is."""

    def forward(self, images_N3SS: Tensor) -> Tensor:
        return 4 * images_N3SS.mean(dim=(2, 3)).flip(1)


@pytest.fixture
def model() -> StyleModel:
    preprocessing = Preprocessing(8, (0, 0, 0), (1, 1, 1), "bilinear", "crop", 16)
    spec, device = MODELS["simple_cnn"], torch.device("cpu")
    return StyleModel("colour", MeanColour().eval(), LABELS, preprocessing, spec, "abc", device)


def paint(path: Path, colour: str) -> PicturePath:
    Image.new("RGB", (20, 24), colour).save(path)
    return PicturePath(path)


def lines_of(rows: list[PredictionRow], data_format: DataFormat, num_styles: int = 2) -> str:
    stream = io.StringIO()
    assert list(write_rows(rows, stream, data_format, num_styles)) == rows
    return stream.getvalue()


def test_rows_name_the_styles_most_probable_first(model: StyleModel, tmp_path: Path) -> None:
    (row,) = predict_styles(model, [paint(tmp_path / "a.png", "#ff8000")], top_k=9)
    logits = [[0, 4 * 128 / 255, 4]]
    blue, green, red = reference_softmax(np.array(logits))[0]
    assert row.styles is not None
    assert [ranked.style for ranked in row.styles] == ["Red", "Green", "Blue"]
    assert [r.probability for r in row.styles] == pytest.approx([red, green, blue], abs=1e-6)
    assert (row.error, row.model) == (None, "abc")


def test_among_equals_the_first_label_comes_first() -> None:
    ranked = rank_styles(np.zeros(3, np.float32), LABELS, 2)
    assert [style.style for style in ranked] == ["Blue", "Green"]


def test_bad_files_get_rows_in_their_place(model: StyleModel, tmp_path: Path) -> None:
    good = paint(tmp_path / "good.png", "red")
    torn = PicturePath(tmp_path / "torn.png")
    torn.path.write_bytes(good.path.read_bytes()[:60])
    gone = PicturePath(tmp_path / "gone.png")
    empty = PicturePath(tmp_path, "no picture in this folder")
    rows = list(predict_styles(model, [torn, good, gone, empty, good], batch_size=2))
    assert [row.path for row in rows] == [p.path for p in (torn, good, gone, empty, good)]
    assert [row.styles is None for row in rows] == [True, False, True, True, False]
    assert "truncated" in str(rows[0].error)
    assert [row.error for row in rows[1:]] == [
        None,
        "no such file",
        "no picture in this folder",
        None,
    ]


@pytest.mark.parametrize("threads", [1, 5])
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_rows_keep_their_order_whatever_threads_and_batches(
    model: StyleModel, tmp_path: Path, threads: int, batch_size: int
) -> None:
    colours = ["red", "lime", "blue"] * 7
    pictures = [paint(tmp_path / f"{n}.png", colour) for n, colour in enumerate(colours)]
    # A large picture takes longer to read than the small ones behind it.
    Image.new("RGB", (2000, 1500), "red").save(pictures[0].path)
    rows = predict_styles(model, pictures, threads=threads, batch_size=batch_size)
    names = {"red": "Red", "lime": "Green", "blue": "Blue"}
    assert [(row.path, row.styles and row.styles[0].style) for row in rows] == [
        (picture.path, names[colour]) for picture, colour in zip(pictures, colours, strict=True)
    ]


def test_pictures_are_taken_from_the_stream_only_as_needed(
    model: StyleModel, tmp_path: Path
) -> None:
    picture, taken = paint(tmp_path / "a.png", "red"), 0

    def endless() -> Iterator[PicturePath]:
        nonlocal taken
        while True:
            taken += 1
            yield picture

    rows = predict_styles(model, endless(), batch_size=4, threads=2)
    for _ in range(40):
        next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert taken <= 40 + 4 * 4


ROWS = [
    PredictionRow(
        Path("a,b.jpg"), (RankedStyle("Red", 0.75), RankedStyle("Blue", 0.25)), None, "m"
    ),
    PredictionRow(Path("=1+1.jpg"), None, 'no "such" file', "m"),
]


def test_json_is_one_array_of_the_objects_of_jsonl() -> None:
    expected = [
        {
            "path": "a,b.jpg",
            "styles": [
                {"style": "Red", "probability": 0.75},
                {"style": "Blue", "probability": 0.25},
            ],
            "error": None,
            "model": "m",
        },
        {"path": "=1+1.jpg", "styles": None, "error": 'no "such" file', "model": "m"},
    ]
    assert json.loads(lines_of(ROWS, "json")) == expected
    lines = lines_of(ROWS, "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == expected
    assert list(json.loads(lines[0])) == ["path", "styles", "error", "model"]
    assert json.loads(lines_of([], "json")) == []


def test_csv_has_a_column_for_each_style_and_no_formula() -> None:
    table = list(csv.reader(io.StringIO(lines_of(ROWS, "csv"))))
    assert table == [
        ["path", "style_1", "probability_1", "style_2", "probability_2", "error", "model"],
        ["a,b.jpg", "Red", "0.75000000", "Blue", "0.25000000", "", "m"],
        ["./=1+1.jpg", "", "", "", "", 'no "such" file', "m"],
    ]


def test_the_path_in_a_csv_cell_leads_to_the_same_file(tmp_path: Path) -> None:
    names = ["=a.jpg", "+a.jpg", "-a.jpg", "@a.jpg", "a=.jpg", "a\nb.jpg"]
    rows = [PredictionRow(Path(name), None, "", "m") for name in names]
    cells = [row["path"] for row in csv.DictReader(io.StringIO(lines_of(rows, "csv"), newline=""))]
    assert [Path(cell) for cell in cells] == [Path(name) for name in names]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


@pytest.mark.parametrize("data_format", ["json", "jsonl"])
def test_json_stays_valid_and_keeps_the_bytes_of_a_path_that_is_no_utf8(
    tmp_path: Path, data_format: DataFormat
) -> None:
    name = b"caf\xe9 \xe6\x98\xa0.jpg"
    row = PredictionRow(Path(os.fsdecode(name)), None, "x", "m")
    file = tmp_path / "rows"
    with file.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        list(write_rows([row], stream, data_format, 1))
    value = json.loads(file.read_text("utf-8"))
    path = (value if isinstance(value, dict) else value[0])["path"]
    assert os.fsencode(path) == name
