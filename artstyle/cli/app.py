"""The command line: a list of commands, each a thin layer over the library."""

from collections.abc import Sequence
from typing import Annotated

import typer

from artstyle.cli.commands.compare import compare
from artstyle.cli.commands.crossval import crossval
from artstyle.cli.commands.demo import demo_command
from artstyle.cli.commands.eda import eda
from artstyle.cli.commands.evaluate import evaluate
from artstyle.cli.commands.export import export
from artstyle.cli.commands.factsheet import factsheet
from artstyle.cli.commands.gradcam import gradcam
from artstyle.cli.commands.index import index
from artstyle.cli.commands.predict import predict
from artstyle.cli.commands.prepare import prepare
from artstyle.cli.commands.probe import probe
from artstyle.cli.commands.report import report
from artstyle.cli.commands.serve import serve
from artstyle.cli.commands.similar import similar
from artstyle.cli.commands.train import training_command
from artstyle.cli.lists import config
from artstyle.cli.lists.models import models
from artstyle.cli.lists.styles import styles
from artstyle.cli.terminal.console import show
from artstyle.styles.vocabulary import styles_named_by

app = typer.Typer(
    name="artstyle",
    help="Recognise the style of paintings.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version() -> None:
    """Print the version."""
    from importlib.metadata import version

    show(f"artstyle {version('artstyle')}")


@app.callback()
def artstyle(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Print the help, or the version, where no command is named."""
    context.with_resource(styles_named_by(None))
    if version:
        print_version()
        raise typer.Exit
    if context.invoked_subcommand is None:
        show(context.get_help())


def run_words(words: Sequence[str]) -> None:
    """Run a command in this process; it raises the same errors as in a process of its own."""
    code = app(list(words), standalone_mode=False)
    if code:
        raise typer.Exit(code)


_START, _DATA, _LEARNING = "Start here", "Data", "Learning"
_NUMBERS, _ANSWERS, _SEARCH, _SHARING = "Numbers", "Answers", "Search", "Sharing"
# The order here is the order of the panels in --help.
app.command(
    "demo",
    help="Do everything once, on synthetic paintings; needs no network.",
    rich_help_panel=_START,
)(demo_command(run_words))
app.command("prepare", rich_help_panel=_DATA)(prepare)
app.command("eda", rich_help_panel=_DATA)(eda)
app.command("styles", rich_help_panel=_DATA)(styles)
app.command("probe", rich_help_panel=_LEARNING)(probe)
app.command(
    "train",
    help="Train a network from random weights: by default the baseline.",
    rich_help_panel=_LEARNING,
)(training_command("baseline"))
app.command(
    "finetune",
    help="Adapt a network with ImageNet weights to your styles.",
    rich_help_panel=_LEARNING,
)(training_command("finetune"))
app.command("models", rich_help_panel=_LEARNING)(models)
app.add_typer(config.app, name="config", rich_help_panel=_LEARNING)
app.command("evaluate", rich_help_panel=_NUMBERS)(evaluate)
app.command("crossval", rich_help_panel=_NUMBERS)(crossval)
app.command("compare", rich_help_panel=_NUMBERS)(compare)
app.command("predict", rich_help_panel=_ANSWERS)(predict)
app.command("gradcam", rich_help_panel=_ANSWERS)(gradcam)
app.command("factsheet", rich_help_panel=_ANSWERS)(factsheet)
app.command("serve", rich_help_panel=_ANSWERS)(serve)
app.command("index", rich_help_panel=_SEARCH)(index)
app.command("similar", rich_help_panel=_SEARCH)(similar)
app.command("report", rich_help_panel=_SHARING)(report)
app.command("export", rich_help_panel=_SHARING)(export)
app.command("version", rich_help_panel=_SHARING)(print_version)
