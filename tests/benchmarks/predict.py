"""`artstyle predict` against timm's and torchvision's ways of answering for a folder.

The peers get the same files, network, weights, sizes and normalisation. Their pictures are decoded
in full, as they do it; artstyle's JPEGs are decoded at a fraction of their size where that is
enough, so answers for large pictures differ a little. artstyle decoding in full must agree with the
peers; how often the fraction changes a style is told beside it.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.confidence.answers import calibrated
from artstyle.devices import choose_device
from artstyle.engines import Engine, load_model
from artstyle.inference import predict_logits, read_ahead
from artstyle.models.checkpoint import load_style_model
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import PicturePath, find_pictures
from artstyle.pictures.image import read_image
from artstyle.pictures.shrinking import shrink
from artstyle.pictures.square import square_transform
from artstyle.prediction.predict import predict_styles, read_picture
from artstyle.prediction.writers import write_rows
from artstyle.runs.folder import RunFolder
from tests.benchmarks import corpora
from tests.benchmarks.contest import Contender, Contest
from tests.benchmarks.growth import sizes, tiny
from tests.benchmarks.runs import answer_file, trained_run

MODELS = ("efficientnet_lite0", "resnet50")
_PICTURES = 5000
_BATCH, _BATCHES = 16, 16
_SIZES = (1_000, 50_000)
_TINY_PX = 32
_WHOLE, _TORCH = "artstyle, decoding in full", "artstyle --engine torch"
# Shares of pictures that get the same style: decoded in full by both, and by artstyle in both ways.
_LEAST_AGREEMENT, _LEAST_AT_A_FRACTION = 0.999, 0.97

Probabilities = NDArray[np.float64]
Work = Callable[[], Any]


def contests(pictures: int | None) -> Iterator[Contest]:
    """Yield a contest for each network, then one over collections of several sizes."""
    count = pictures or _PICTURES
    folder = corpora.mixed(count)
    for model in MODELS:
        same = {"checkpoint": trained_run(model).best_path}
        files = {**same, "folder": folder}
        peers = "tests.benchmarks.peers"
        yield Contest(
            stage="predict",
            what=f"{model}, {count} JPEGs with shorter sides of 300 to 3,000 pixels, float32",
            unit="picture",
            units=count,
            contenders=(
                Contender("artstyle", f"{__name__}:artstyle", files, "artstyle"),
                Contender(_TORCH, f"{__name__}:artstyle", {**files, "engine": "torch"}, "aside"),
                Contender("timm's inference.py", f"{peers}.timm_way:predict", files),
                Contender("torchvision's reference", f"{peers}.torchvision_way:predict", files),
                Contender(_WHOLE, f"{__name__}:artstyle_in_full", files, "aside"),
                Contender("loading alone", f"{__name__}:loading", files, "part"),
                Contender("network alone", f"{__name__}:network", same, "part", _BATCH * _BATCHES),
                Contender("reading from disk", f"{__name__}:disk", {"folder": folder}, "aside"),
            ),
            compare=compare,
        )
    # With a tiny network, so that what is kept of each picture counts and not the network.
    run = trained_run("simple_cnn", image_size=_TINY_PX)
    yield sizes(
        "predict",
        f"tiny files, simple_cnn at {_TINY_PX} pixels",
        f"{__name__}:tiny_files",
        (pictures,) if pictures else _SIZES,
        {"checkpoint": run.best_path},
    )


def tiny_files(count: int, checkpoint: Path) -> Work:
    """Build `artstyle predict --out rows.csv` over tiny files."""
    folder, model = tiny(count), load_model(RunFolder(checkpoint.parents[1]), device="cpu")

    def work() -> None:
        with answer_file() as stream:
            rows = predict_styles(model, find_pictures([str(folder)]))
            for _ in write_rows(rows, stream, "csv", 3):
                pass

    return work


def artstyle(checkpoint: Path, folder: Path, engine: Engine = "auto") -> Work:
    """Build what `artstyle predict --out rows.csv` does once it has started."""
    model = load_model(RunFolder(checkpoint.parents[1]), engine, "cpu")
    count = len(model.labels)

    def work() -> Probabilities:
        with answer_file() as stream:
            rows = predict_styles(model, find_pictures([str(folder)]), top_k=count)
            for _ in write_rows(rows, stream, "csv", count):
                pass
            stream.seek(0)
            return np.array([_in_label_order(row, model) for row in csv.DictReader(stream)])

    return work


def artstyle_in_full(checkpoint: Path, folder: Path) -> Work:
    """Build the same answers without decoding at a fraction."""
    model = load_style_model(checkpoint, choose_device("cpu"))
    size = model.preprocessing.read_size

    def read(picture: PicturePath) -> Image.Image:
        return shrink(read_image(picture.path, rules=model.preprocessing.rules).pixels, size)

    def work() -> Probabilities:
        answers = predict_logits(model, find_pictures([str(folder)]), read)
        logits_NC = np.stack([a.logits_C for a in answers if a.logits_C is not None])
        return calibrated(logits_NC, model.calibration)

    return work


def _in_label_order(row: Mapping[str, str], model: StyleModel) -> list[float]:
    numbers = range(1, len(model.labels) + 1)
    found = {row[f"style_{n}"]: float(row[f"probability_{n}"]) for n in numbers}
    return [found[label] for label in model.labels]


def loading(checkpoint: Path, folder: Path) -> Work:
    """Build artstyle's way from files to squares of pixels on all cores, without the network."""
    model = load_style_model(checkpoint, choose_device("cpu"))
    pictures = list(find_pictures([str(folder)]))
    square = square_transform(model.preprocessing)

    def prepare(picture: PicturePath) -> None:
        square(read_picture(picture, model.preprocessing))

    def work() -> int:
        threads = cpu_count() or 1
        return sum(1 for _ in read_ahead(pictures, prepare, threads=threads, ahead=2 * _BATCH))

    return work


def network(checkpoint: Path) -> Work:
    """Build the network's answers for one resident batch, again and again, on all cores."""
    model = load_model(RunFolder(checkpoint.parents[1]), device="cpu")
    side = model.preprocessing.image_size
    shape = (_BATCH, side, side, 3)
    pixels_NSS3 = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def work() -> int:
        threads = cpu_count() or 1
        answers = read_ahead(
            range(_BATCHES), lambda _: model.answer(pixels_NSS3), threads=threads, ahead=2 * threads
        )
        return sum(1 for _ in answers)

    return work


def disk(folder: Path) -> Work:
    """Build the reading of the same bytes, from the page cache where they lie there."""
    paths = sorted(folder.glob("*/*.jpg"))
    return lambda: sum(len(path.read_bytes()) for path in paths)


def compare(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """Return how often others name the same style, and how far probabilities differ at most."""
    own, whole = answers["artstyle"], answers[_WHOLE]
    words = {
        _WHOLE: _agreement(whole, own, _LEAST_AT_A_FRACTION) + " as at a fraction",
        _TORCH: _agreement(answers[_TORCH], own, _LEAST_AGREEMENT),
    }
    for name in answers.keys() & {"timm's inference.py", "torchvision's reference"}:
        in_full = _agreement(answers[name], whole, _LEAST_AGREEMENT)
        words[name] = f"{in_full} as in full; {_agreement(answers[name], own, 0)} as at a fraction"
    return words


def _agreement(theirs: Probabilities, ours: Probabilities, least: float) -> str:
    assert theirs.shape == ours.shape
    same = float((theirs.argmax(axis=1) == ours.argmax(axis=1)).mean())
    assert same >= least, f"the same style in {same:.1%} only"
    return f"{same:.1%} same style, probabilities within {np.abs(theirs - ours).max():.2g}"
