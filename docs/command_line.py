"""The page of the command line, from the Typer app."""

import inspect
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeGuard, get_args, get_origin

import typer
from typer.models import ArgumentInfo, CommandInfo, OptionInfo

from artstyle.cli.app import app
from docs.markdown import Row, anchor, page, table

EXIT_CODES = (
    ("0", "done"),
    ("1", "failed"),
    ("2", "wrong usage or configuration"),
    ("3", "done, but some pictures failed"),
    ("130", "interrupted with Ctrl-C"),
    ("143", "ended by SIGTERM"),
)


def command_line_page() -> str:
    """Return every command with its arguments and options."""
    parts = [
        "# Command line",
        f"{app.info.help} `artstyle COMMAND --help` shows the same on the terminal.",
    ]
    for panel, commands in _panels():
        if panel:
            parts.append(f"**{panel}**")
        rows = [(f"[`{name}`](#{anchor(name)})", _summary(info)) for name, info in commands]
        parts.append(table(("Command", "What it does"), rows))
    parts.append(table(("Exit code", "Meaning"), EXIT_CODES))
    for name, info in all_commands().items():
        parts += _command_section(name, info)
    return page(parts)


def all_commands() -> dict[str, CommandInfo]:
    """Return every command by its full name, such as ``config show``."""
    commands = dict(_commands_of(app))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for name, info in _commands_of(group.typer_instance):
            commands[f"{group.name} {name}"] = info
    return commands


def parameters(info: CommandInfo) -> Iterator[tuple[inspect.Parameter, ArgumentInfo | OptionInfo]]:
    """Yield the arguments and options of a command, in the order of its signature."""
    assert info.callback is not None
    for parameter in inspect.signature(info.callback, eval_str=True).parameters.values():
        if get_origin(parameter.annotation) is Annotated:
            for extra in get_args(parameter.annotation)[1:]:
                if isinstance(extra, ArgumentInfo | OptionInfo):
                    yield parameter, extra


def command_help(info: CommandInfo) -> str:
    """Return what a command says of itself: its docstring, or the help that replaces it."""
    return inspect.cleandoc(info.help or inspect.getdoc(_callback(info)) or "")


def _commands_of(group: typer.Typer) -> Iterator[tuple[str, CommandInfo]]:
    for info in group.registered_commands:
        if not info.hidden:
            yield info.name or _callback(info).__name__, info


def _callback(info: CommandInfo) -> Callable[..., Any]:
    assert info.callback is not None
    return info.callback


def _panels() -> Iterator[tuple[str, list[tuple[str, CommandInfo]]]]:
    """Yield the commands by the panel of `artstyle --help` that they are in."""
    panels: dict[str, list[tuple[str, CommandInfo]]] = {}
    for name, info in all_commands().items():
        panel = info.rich_help_panel
        panels.setdefault(panel if isinstance(panel, str) else "", []).append((name, info))
    yield from panels.items()


def _command_section(name: str, info: CommandInfo) -> Iterator[str]:
    arguments, options = [], []
    usage = [f"artstyle {name}"]
    for parameter, extra in parameters(info):
        flag = _flag(parameter, extra)
        if isinstance(extra, ArgumentInfo):
            usage.append(_argument_usage(parameter, flag))
            arguments.append(_parameter_row(f"`{flag}`", parameter, extra))
        else:
            options.append(_parameter_row(f"`{flag}`", parameter, extra))
    usage += ["[OPTIONS]"] if options else []
    yield f"## {name}"
    yield command_help(info)
    yield f"```text\n{' '.join(usage)}\n```"
    if arguments:
        yield table(("Argument", "Value", "Default", "Meaning"), arguments)
    if options:
        yield table(("Option", "Value", "Default", "Meaning"), options)


def _parameter_row(
    flag: str, parameter: inspect.Parameter, extra: ArgumentInfo | OptionInfo
) -> Row:
    annotation = get_args(parameter.annotation)[0]
    value = extra.metavar if isinstance(extra, OptionInfo) and extra.metavar else None
    return flag, value or _value(annotation, extra), _default(parameter), extra.help or ""


def _flag(parameter: inspect.Parameter, extra: ArgumentInfo | OptionInfo) -> str:
    if isinstance(extra, ArgumentInfo):
        return extra.metavar or parameter.name.upper()
    # Within Annotated, typer keeps the first name that was given as the default.
    names = [name for name in (extra.default, *(extra.param_decls or ())) if _is_flag(name)]
    named = ", ".join(names or ["--" + parameter.name.replace("_", "-")])
    return named.replace("/", "` / `")  # An option and its opposite.


def _is_flag(name: object) -> TypeGuard[str]:
    return isinstance(name, str) and name.startswith("-")


def _argument_usage(parameter: inspect.Parameter, name: str) -> str:
    several = "..." if "list" in str(parameter.annotation) else ""
    needed = parameter.default is inspect.Parameter.empty
    return f"{name}{several}" if needed else f"[{name}{several}]"


def _value(annotation: Any, extra: ArgumentInfo | OptionInfo) -> str:
    """Return the kind of value that a parameter takes, in a word or as its choices."""
    if get_origin(annotation) is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if inner := [arg for arg in get_args(annotation) if arg is not type(None)]:
        return _value(inner[0], extra)
    names = {bool: "", str: "text", Path: "path", int: "whole number", float: "number"}
    bound = "" if extra.min is None else f", at least {extra.min:g}"
    return names[annotation] + bound


def _default(parameter: inspect.Parameter) -> str:
    default = parameter.default
    if default is inspect.Parameter.empty:
        return "required"
    if default is None or isinstance(default, bool):
        return ""
    return f"`{default.as_posix() if isinstance(default, Path) else default}`"


def _summary(info: CommandInfo) -> str:
    return command_help(info).split("\n\n")[0].replace("\n", " ")
