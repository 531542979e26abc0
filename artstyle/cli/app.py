"""The command line: a list of commands, each a thin layer over the library."""

from collections.abc import Sequence

import typer

from artstyle.cli import config
from artstyle.cli.demo import demo_command
from artstyle.cli.eda import eda
from artstyle.cli.evaluate import evaluate
from artstyle.cli.export import export
from artstyle.cli.gradcam import gradcam
from artstyle.cli.models import models
from artstyle.cli.predict import predict
from artstyle.cli.prepare import prepare
from artstyle.cli.report import report
from artstyle.cli.train import training_command

app = typer.Typer(
    name="artstyle",
    help="Recognise the style of paintings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run_words(words: Sequence[str]) -> None:
    """Run a command in this process; one that does not end well raises as it would alone."""
    code = app(list(words), standalone_mode=False)
    if code:
        raise typer.Exit(code)


app.command("demo", help="Do everything once, on synthetic paintings; needs no network.")(
    demo_command(run_words)
)
app.command("prepare")(prepare)
app.command("eda")(eda)
app.command("train", help="Train a network from nothing: by default the baseline.")(
    training_command("baseline")
)
app.command("finetune", help="Adapt a network that knows ImageNet to your styles.")(
    training_command("finetune")
)
app.command("evaluate")(evaluate)
app.command("predict")(predict)
app.command("gradcam")(gradcam)
app.command("report")(report)
app.command("export")(export)
app.command("models")(models)
app.add_typer(config.app, name="config")
