"""`artstyle export`: a run's best model as one ONNX file."""

from pathlib import Path
from typing import Annotated

import typer

from artstyle.cli.options import OverwriteOption, RunOption
from artstyle.cli.terminal.console import say, show
from artstyle.errors import UsageError


def export(
    named: Annotated[
        str | None, typer.Argument(metavar="RUN", help="A run; the same as --run.")
    ] = None,
    run: RunOption = "latest",
    out: Annotated[
        Path | None, typer.Option("--out", help="A file; by default model.onnx in the run.")
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write a run's best model as an ONNX file, with its labels and preprocessing inside.

    On a CPU, predict and gradcam then answer with it, without torch; --run FILE.onnx needs no run.
    Nothing is written if any answer differs by more than 0.001 from the checkpoint's.
    """
    from artstyle.runs.finding import find_run

    if named is not None and run != "latest":
        raise UsageError(f"two runs are named: {named} and --run {run}; leave one out")
    folder = find_run(named or run, needs="own")
    path = out or folder.onnx_path
    if path.suffix != ".onnx":
        raise UsageError(f"--out {path}: end it in .onnx")
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists; say --overwrite to replace it")

    from artstyle.devices import choose_device
    from artstyle.models.checkpoint import load_style_model
    from artstyle.models.onnx_export import export_onnx

    difference = export_onnx(load_style_model(folder.best_path, choose_device("cpu")), path)
    say(f"answers differ by {difference:.1g} at most from the checkpoint's")
    show(str(path))
