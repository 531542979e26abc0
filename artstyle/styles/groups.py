"""The groups of WikiArt's styles: a second, coarser level of answers."""

import csv
from functools import cache
from importlib import resources

from artstyle.styles.names import display_name, wikiart_style


def style_group(style: str) -> str | None:
    """Return the group of a style, whichever way it is spelt; None if no group is known."""
    known = wikiart_style(style)
    return None if known is None else _groups()[known]


def short_name(style: str, group: str) -> str:
    """Return a style as people read it within its group: "Early" of the group "Renaissance"."""
    return display_name(style).removesuffix(f" {group}")


@cache
def _groups() -> dict[str, str]:
    table = resources.files("artstyle.styles").joinpath("groups.csv")
    with table.open(encoding="utf-8") as file:
        return {row["style"]: row["group"] for row in csv.DictReader(file)}
