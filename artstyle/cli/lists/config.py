"""`artstyle config`: what decides a run, and where it comes from."""

from typing import Annotated

import typer

from artstyle.cli.options import ConfigOption, SetOption
from artstyle.cli.terminal.console import show as print_data
from artstyle.cli.terminal.console import show_table

app = typer.Typer(help="Look at configurations.", invoke_without_command=True)

RecipeArgument = Annotated[
    str, typer.Argument(help="The command's recipe to start from, as 'config recipes' lists them.")
]


@app.callback()
def config(context: typer.Context) -> None:
    """Print the help where no command is named."""
    if context.invoked_subcommand is None:
        print_data(context.get_help())


@app.command("show")
def show(
    recipe: RecipeArgument = "finetune",
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """Print the resolved configuration as YAML: what each key means, and where it came from."""
    from artstyle.errors import UnknownNameError
    from artstyle.recipes import explained_yaml, recipes, resolve_config

    if recipe not in recipes():
        raise UnknownNameError("recipe", recipe, recipes())
    print_data(explained_yaml(resolve_config(recipe, config, overrides or ())))


@app.command("recipes")
def recipes_() -> None:
    """List the recipes that came with artstyle."""
    from artstyle.recipes import recipes

    rows = [(name, _first_line(path.read_text("utf-8"))) for name, path in recipes().items()]
    show_table("", ("recipe", "what"), rows)


def _first_line(text: str) -> str:
    return text.splitlines()[0].removeprefix("#").strip()
