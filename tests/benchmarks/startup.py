"""What a command costs before its work begins: `--help`, and the first answer from a cold start."""

import subprocess
import sys
from collections.abc import Callable, Iterator

from tests.benchmarks import corpora
from tests.benchmarks.contest import Contender, Contest
from tests.benchmarks.runs import trained_run

_BARE_TYPER = """
import typer
app = typer.Typer()
@app.command()
def one(name: str = "x") -> None: "Do one."
@app.command()
def two(name: str = "x") -> None: "Do two."
app()
"""
_ULTRALYTICS = "from ultralytics import YOLO; YOLO('yolov8n-cls.yaml')({picture!r}, verbose=False)"
_IMPORTS = "import onnxruntime, numpy, PIL.Image"
_PROCESS = f"{__name__}:process"


def contests(pictures: int | None) -> Iterator[Contest]:
    """Yield `--help`, then the first answer; a round is one process."""
    python = (sys.executable, "-c")
    yield Contest(
        stage="start-up",
        what="--help",
        unit="process",
        units=1,
        contenders=(
            _ran("artstyle", (sys.executable, "-m", "artstyle", "--help"), "artstyle"),
            _ran("a bare Typer app", (*python, _BARE_TYPER, "--help")),
        ),
    )
    picture = str(corpora.paintings()[0])
    for model in ("efficientnet_lite0", "resnet50"):
        run = trained_run(model)
        ask = (sys.executable, "-m", "artstyle", "predict", picture, "--run", str(run.path))
        weights = f"import safetensors.torch as s; s.load_file({str(run.best_path)!r})"
        yield Contest(
            stage="start-up",
            what=f"one picture from a cold start, {model}",
            unit="process",
            units=1,
            contenders=(
                _ran("artstyle predict", ask, "artstyle"),
                _ran("artstyle predict --engine torch", (*ask, "--engine", "torch"), "aside"),
                _ran("import onnxruntime, numpy, PIL.Image", (*python, _IMPORTS), "part"),
                _ran("ultralytics classify", (*python, _ULTRALYTICS.format(picture=picture))),
                _ran("import torch, read weights", (*python, f"import torch; {weights}"), "aside"),
                _ran("import torchvision", (*python, "import torchvision"), "aside"),
                _ran("import timm", (*python, "import timm"), "aside"),
            ),
        )


def _ran(name: str, command: tuple[str, ...], role: str = "peer") -> Contender:
    return Contender(name, _PROCESS, {"command": command}, role)  # type: ignore[arg-type]


def process(command: tuple[str, ...]) -> Callable[[], None]:
    """Build one run of a command.

    Raises:
        ImportError: It cannot run here, since a package is missing.
    """

    def work() -> None:
        subprocess.run(command, check=True, capture_output=True)

    try:
        work()
    except subprocess.CalledProcessError as error:
        raise ImportError(error.stderr.decode(errors="replace").strip()[-200:]) from None
    return work
