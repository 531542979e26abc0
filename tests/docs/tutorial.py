"""A tutorial as steps that can be run: commands with their output, and files with their lines."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

_BLOCK = re.compile(
    r"^```console\n(?P<console>.*?)^```$|^<!-- (?P<file>\S+) -->\n```\w+\n(?P<lines>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
# What differs between machines and days: probabilities in the last digits, which are compared
# as numbers; and versions, dates, and names that depend on the absolute path.
_VARIES = re.compile(
    r"(?P<number>\b\d+\.\d%|\b0\.\d{8}\b)"
    r"|;\d+\.\d+\.\d+;\d{4}-\d\d-\d\d;"
    r"|-[0-9a-f]{12}(?=\.html)"
)
_SAME_PROBABILITY = 0.005
"""Of 1. Computers round differently; a wrong picture or model is further off."""


@dataclass(frozen=True)
class Step:
    """A command and what it prints, or a file and lines that it has; `...` are lines left out."""

    text: str
    is_command: bool
    name: str
    """The command, or the file."""


def steps(page: Path) -> list[Step]:
    """Return the steps of a page, in order."""
    found: list[Step] = []
    for block in _BLOCK.finditer(page.read_text("utf-8")):
        if block["file"]:
            found.append(Step(block["lines"], False, block["file"]))
        else:
            commands = _COMMAND.finditer(block["console"])
            found += [Step(c["output"], True, c["command"]) for c in commands]
    return found


def is_as_shown(text: str, shown: str) -> bool:
    """Return whether a text is what the page shows of it.

    Args:
        text: What a command printed, or what is in a file.
        shown: The page's lines; a line of `...` is any number of lines.
    """
    pattern, numbers = [], []
    for line in shown.splitlines():
        if line == "...":
            pattern.append(r"(?:.*\n)*?")
            continue
        end = 0
        for part in _VARIES.finditer(line):
            pattern.append(re.escape(line[end : part.start()]))
            pattern.append(r"(\d+\.\d%|\d\.\d{8})" if part["number"] else _like(part[0]))
            numbers += [part["number"]] if part["number"] else []
            end = part.end()
        pattern.append(re.escape(line[end:]) + r"\n")
    match = re.fullmatch("".join(pattern), text)
    return match is not None and list(map(_value, match.groups())) == [
        pytest.approx(_value(number), abs=_SAME_PROBABILITY) for number in numbers
    ]


def _like(varying: str) -> str:
    return re.sub(r"[0-9a-f]+", r"[0-9a-f]+", varying.replace(".", r"\."))


def _value(number: str) -> float:
    return float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
