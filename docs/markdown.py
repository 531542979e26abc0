"""Markdown: pages, tables, anchors."""

from collections.abc import Sequence

Row = Sequence[str]


def page(parts: Sequence[str]) -> str:
    """Return a page of paragraphs; empty ones are left out."""
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def table(head: Row, rows: Sequence[Row]) -> str:
    """Return a table; a bar within a cell is escaped."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in r] for r in rows)]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub and MyST give to a heading of words and spaces."""
    return heading.replace(" ", "-")
