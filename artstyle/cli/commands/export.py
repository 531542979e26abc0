"""`artstyle export`: a run's best model in a form that others load."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from artstyle.cli.options import OverwriteOption, RunOption
from artstyle.cli.terminal.console import say, show, warn
from artstyle.errors import UsageError
from artstyle.styles.vocabulary import name_styles_by

FormatOption = Annotated[
    Literal["onnx", "torch", "timm", "torchvision", "hub"],
    typer.Option("--format", help="Files for ONNX Runtime, torch, timm, torchvision; or hub."),
]


def export(
    named: Annotated[
        str | None, typer.Argument(metavar="RUN", help="A run; the same as --run.")
    ] = None,
    run: RunOption = "latest",
    form: FormatOption = "onnx",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A file, or a folder for hub; by default in the run."),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write a run's best model in a form that others load, with its labels and preprocessing.

    onnx: on a CPU, predict and gradcam then answer with it, without torch; --run FILE.onnx needs no
    run. torch: a program for torch.export.load. timm, torchvision: weights for the library's own
    network. hub: a folder for Hugging Face, with a model card; uploading it is left to you.
    Nothing is written if its answers differ from the checkpoint's by more than rounding.
    """
    from artstyle.models.header import read_header
    from artstyle.runs.finding import find_run
    from artstyle.sharing.formats import default_path, require_available, require_path

    if named is not None and run != "latest":
        raise UsageError(f"two runs are named: {named} and --run {run}; leave one out")
    folder = find_run(named or run, needs="own")
    name_styles_by(folder.vocabulary())
    path = out or default_path(folder, form)
    require_path(path, form, overwrite=overwrite)
    header = read_header(folder.best_path)
    require_available(header.name, form, multi=header.multi)

    from artstyle.devices import choose_device
    from artstyle.models.checkpoint import load_style_model
    from artstyle.sharing.export import export_model

    model = load_style_model(folder.best_path, choose_device("cpu"))
    difference = export_model(model, folder, path, form)
    say(f"answers differ by {difference:.1g} at most from the checkpoint's")
    show(str(path))
    if form == "hub":
        from artstyle.sharing.card import own_reports

        if not own_reports(model, folder):
            warn("the model card has no figures: run 'artstyle evaluate', and export again")
        say(f"Next: add a licence to README.md, then  hf upload USER/NAME {shlex.quote(str(path))}")
