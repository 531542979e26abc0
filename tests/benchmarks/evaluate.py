"""`artstyle evaluate` against `artstyle predict` for the same pictures."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from artstyle.data.dataset import DatasetFolder
from artstyle.devices import choose_device
from artstyle.evaluation.evaluate import evaluate
from artstyle.models.checkpoint import load_style_model
from artstyle.pictures.finding import PicturePath
from artstyle.prediction.predict import predict_styles
from artstyle.prediction.writers import write_rows
from artstyle.runs.folder import RunFolder
from tests.benchmarks import corpora
from tests.benchmarks.contest import Contender, Contest
from tests.benchmarks.runs import answer_file, trained_run


def contests(pictures: int | None) -> Iterator[Contest]:
    """Yield the one contest, over the training split: the largest there is."""
    data = corpora.dataset()
    run = trained_run("efficientnet_lite0")
    count = len(data.rows("train"))
    arguments = {"run": run.path, "data": data.path}
    yield Contest(
        stage="evaluate",
        what=f"efficientnet_lite0, {count} pictures of a dataset folder, page and figures included",
        unit="picture",
        units=count,
        contenders=(
            Contender("artstyle evaluate", f"{__name__}:whole", arguments, "artstyle"),
            Contender("artstyle predict", f"{__name__}:predict", arguments),
        ),
    )


def whole(run: Path, data: Path) -> Callable[[], None]:
    """Build the whole evaluation."""

    def work() -> None:
        with TemporaryDirectory() as folder:
            out = Path(folder) / "evaluation"
            evaluate(RunFolder(run), DatasetFolder(data), "train", out=out, device="cpu")

    return work


def predict(run: Path, data: Path) -> Callable[[], None]:
    """Build a prediction for the same cached pictures, its model's loading included."""
    dataset = DatasetFolder(data)
    paths = [dataset.image_path(row) for row in dataset.rows("train")]

    def work() -> None:
        model = load_style_model(RunFolder(run).best_path, choose_device("cpu"))
        rows = predict_styles(model, map(PicturePath, paths))
        with answer_file() as stream:
            for _ in write_rows(rows, stream, "csv", 3):
                pass

    return work
