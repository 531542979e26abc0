"""`artstyle demo`: every command once, on synthetic paintings, with nothing to download."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from artstyle.cli.terminal.console import live_progress, say, show_places
from artstyle.errors import UsageError

OutOption = Annotated[Path, typer.Option("--out", help="The folder that everything goes into.")]

_PAINTINGS_PER_STYLE = 24
_OURS = {"paintings", "data", "runs", "predictions.csv", "predictions.csv.partial"}


def demo_command(run_words: Callable[[Sequence[str]], None]) -> Callable[..., None]:
    """Return the command.

    Args:
        run_words: Runs ``artstyle`` with the given words, in this process.
    """

    def demo(out: OutOption = Path("demo")) -> None:
        """Paint a collection, then prepare, look, learn, evaluate, predict, explain, report."""
        _require_ours(out)
        _paint(out / "paintings")
        data, run = out / "data", _new_run(out / "runs")
        for words in _commands(out, data, run):
            say(f"\n$ artstyle {shlex.join(words)}")
            run_words(words)
        from artstyle.models.style_model import SYNTHETIC_NOTE

        show_places("\nAll done. Look at:", _places(data, run, out))
        say(f"\n{SYNTHETIC_NOTE}")
        say("Now with your own pictures, one folder a style:")
        for line in (
            "prepare PICTURES",
            "probe",
            "evaluate",
            "predict MORE_PICTURES",
            "gradcam MORE_PICTURES",
            "report",
        ):
            say(f"  artstyle {line}")

    return demo


def _require_ours(out: Path) -> None:
    """Refuse a folder that holds anything but an earlier demo."""
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(f"{out} is a file; choose another folder with --out")
    from artstyle.storage.files import TEMPORARY_PREFIX

    names = {path.name for path in out.iterdir() if not path.name.startswith(TEMPORARY_PREFIX)}
    if others := sorted(names - _OURS):
        raise UsageError(
            f"{out} holds something that is not from a demo ({others[0]});"
            " choose another folder with --out"
        )


def _paint(folder: Path) -> None:
    from artstyle.painter.collection import STYLES, paint_collection

    total = len(STYLES) * _PAINTINGS_PER_STYLE
    with live_progress() as progress:
        for done, painting in enumerate(paint_collection(folder, _PAINTINGS_PER_STYLE), start=1):
            progress("painting", done, total, f"{painting.title}" if done < total else f"{total}")


def _new_run(root: Path) -> Path:
    from artstyle.runs.finding import new_run_path

    return new_run_path(root, "efficientnet_lite0", datetime.now())


def _commands(out: Path, data: Path, run: Path) -> Iterator[list[str]]:
    """Yield the words of each command; the later ones name paintings that the model never saw."""
    yield ["prepare", str(out / "paintings"), "--out", str(data), "--config", "demo"]
    yield ["eda", str(data), "--config", "demo"]
    yield ["probe", "--data", str(data), "--out", str(run)]
    yield ["evaluate", "--run", str(run)]
    unseen = _one_of_each_style(out / "paintings", data)
    predictions = ["--out", str(out / "predictions.csv"), "--overwrite"]
    yield ["predict", *unseen, "--run", str(run), *predictions]
    yield ["gradcam", *unseen, "--run", str(run)]
    yield ["report", "--run", str(run)]


def _one_of_each_style(paintings: Path, data: Path) -> list[str]:
    from artstyle.data.dataset import DatasetFolder

    first = {row.style: row.path for row in reversed(DatasetFolder(data).rows("test"))}
    return [str(paintings / first[style]) for style in sorted(first)]


def _places(data: Path, run: Path, out: Path) -> dict[str, Path]:
    return {
        "paintings": out / "paintings",
        "a look at the data": data / "eda" / "eda.html",
        "data set": data / "summary.md",
        "evaluation": run / "evaluation" / "test" / "report.html",
        "predictions": out / "predictions.csv",
        "heatmaps": run / "gradcam" / "index.html",
        "the whole run": run / "report.html",
    }
