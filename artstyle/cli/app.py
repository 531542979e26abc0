"""The command line: a list of commands, each a thin layer over the library."""

import typer

app = typer.Typer(
    name="artstyle",
    help="Recognise the style of paintings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
