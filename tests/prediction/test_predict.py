from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.utils.extmath import softmax as reference_softmax
from torch import Tensor, nn

from artstyle.models.torch_model import TorchModel
from artstyle.models.zoo import MODELS
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.record import Record
from artstyle.prediction.predict import predict_styles, rank_styles

LABELS = ("Blue", "Green", "Red")


class MeanColour(nn.Module):
    """The logit of a style is how much of its colour there is."""

    def forward(self, images_N3SS: Tensor) -> Tensor:
        return 4 * images_N3SS.mean(dim=(2, 3)).flip(1)


@pytest.fixture
def model() -> TorchModel:
    preprocessing = Preprocessing(8, (0, 0, 0), (1, 1, 1), "bilinear", "crop", 16)
    return TorchModel(
        name="colour",
        labels=LABELS,
        preprocessing=preprocessing,
        fingerprint="abc",
        device="cpu",
        network=MeanColour().eval(),
        spec=MODELS["simple_cnn"],
    )


def paint(path: Path, colour: str) -> PicturePath:
    Image.new("RGB", (20, 24), colour).save(path)
    return PicturePath(path)


def test_rows_name_the_styles_most_probable_first(model: TorchModel, tmp_path: Path) -> None:
    (row,) = predict_styles(model, [paint(tmp_path / "a.png", "#ff8000")], top_k=9)
    logits = [[0, 4 * 128 / 255, 4]]
    blue, green, red = reference_softmax(np.array(logits))[0]
    assert row.styles is not None
    assert [ranked.style for ranked in row.styles] == ["Red", "Green", "Blue"]
    assert [r.probability for r in row.styles] == pytest.approx([red, green, blue], abs=1e-6)
    assert (row.error, row.model) == (None, "abc")


def test_each_row_has_the_record_of_its_picture_also_when_it_cannot_be_read(
    model: TorchModel, tmp_path: Path
) -> None:
    pictures = [
        replace(paint(tmp_path / "a.png", "red"), record=Record("1987.3")),
        PicturePath(tmp_path / "b.png", "no such file", record=Record("1987.4")),
        paint(tmp_path / "c.png", "red"),
    ]
    rows = list(predict_styles(model, pictures))
    assert [row.record for row in rows] == [Record("1987.3"), Record("1987.4"), None]


def test_among_equals_the_first_label_comes_first() -> None:
    ranked = rank_styles(np.full(3, 1 / 3), LABELS, 2)
    assert [style.style for style in ranked] == ["Blue", "Green"]


def test_bad_files_get_rows_in_their_place(model: TorchModel, tmp_path: Path) -> None:
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
    model: TorchModel, tmp_path: Path, threads: int, batch_size: int
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
    model: TorchModel, tmp_path: Path
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
