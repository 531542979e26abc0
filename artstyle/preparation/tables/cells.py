"""What a cell of a table says: one thing, nothing, or several styles."""

import re
from collections.abc import Collection, Iterable, Iterator

from artstyle.styles.names import BAR, canonical_style, style_key
from artstyle.styles.vocabulary import known_style, style_identity

_NOTHING = frozenset(
    (
        "", "nan", "na", "n/a", "n.a.", "n.a", "none", "null", "nil", "nat", "missing", "empty",
        "blank", "undefined", "unspecified", "unclassified", "unlabelled", "unlabeled",
        "unassigned", "tbd", "tba", "#n/a", "#na", "#null!", "#value!", "#ref!", "#name?",
        "#div/0!", "unknown", "not available", "not applicable", "not known", "not specified",
        "no style", "without style", "no label", "unknown style", "unknown artist",
        "unknown genre", "unknown title", "style unknown", "artist unknown",
    )
)  # fmt: skip
_LONGEST_NOTHING = 40  # With spaces and brackets around; titles are longer, and many.
_BRACKETS = {"[": "]", "{": "}", "(": ")"}
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
# A semicolon that ends "&amp;" and the like belongs to the text.
_SEPARATORS = re.compile(r"[,|]|(?<!&amp)(?<!&lt)(?<!&gt)(?<!&quot)(?<!&apos)(?<!&#39);")
# Also within the names of styles: "Arts and Crafts", "Naive Art/Primitivism".
_JOINTS = re.compile(r"\s*[/&+\r\n]\s*|\s+and\s+", re.IGNORECASE)


def is_nothing(text: str) -> bool:
    """Return whether a cell says that nothing is known: empty, nan, N/A, unknown, -, ? ..."""
    if len(text) > _LONGEST_NOTHING and not text.isspace():
        return False
    bare = text.strip().strip("\"'").strip().casefold()
    return bare in _NOTHING or bare.strip("()[]<>{}.-–—_?*/") in _NOTHING


def cell_text(text: str) -> str:
    """Return what a cell says, empty for nothing; the elements of a list are joined by commas."""
    if text[:1] not in _BRACKETS:
        return "" if is_nothing(text) else text.strip()
    return ", ".join(element for element in _elements(text) if not is_nothing(element))


def cell_styles(cells: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the styles that each distinct cell of a column names, in canonical spelling.

    Commas, semicolons and bars separate styles. A slash, an ampersand, a plus, "and" or the end
    of a line separates only styles that are WikiArt's or fill another cell alone.
    """
    named = {cell: list(_named(cell)) for cell in set(cells)}
    alone = {style_key(name) for names in named.values() if len(names) == 1 for name in names}
    return {
        cell: _distinct(part for name in names for part in _unjoined(name, alone))
        for cell, names in named.items()
    }


def cell_labels(cells: Iterable[str], target: str = "style") -> dict[str, tuple[str, ...]]:
    """Return the labels that each distinct cell of a column names, in canonical spelling.

    Styles are separated as `cell_styles` does. In any other column a comma may belong to a name
    ("Rubens, Peter Paul"): only bars and the elements of a list are separate labels.

    Args:
        cells: Texts of the column.
        target: What the labels are.
    """
    if target == "style":
        return cell_styles(cells)
    return {cell: _distinct_labels(cell) for cell in set(cells)}


def _distinct_labels(cell: str) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for name in (part for element in _elements(cell) for part in element.split(BAR)):
        if not is_nothing(name):
            first.setdefault(style_key(name), canonical_style(name))
    return tuple(first.values())


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Return the canonical spelling of each style once, the first where it has several names."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(style_identity(name), canonical_style(name))
    return tuple(first.values())


def _named(cell: str) -> Iterator[str]:
    """Yield the styles in a cell as they are written there."""
    for element in _elements(cell):
        # A name of WikiArt's may have a comma: Mannerism, Late Renaissance.
        whole = _SEPARATORS.search(element) and known_style(_SEPARATORS.sub(" ", element))
        for name in [whole] if whole else _SEPARATORS.split(element):
            if not is_nothing(name):
                yield name.strip()


def _elements(text: str) -> list[str]:
    """Return the elements of ``['a', 'b']``, ``{a,b}``, ``("a",)``; of any other text itself."""
    bare = text.strip()
    if _BRACKETS.get(bare[:1]) != bare[-1:]:
        return [bare]
    inside = bare[1:-1]
    if quoted := [one or other for one, other in _QUOTED.findall(inside)]:
        return [re.sub(r"\\(.)", r"\1", element) for element in quoted]
    return [bare] if bare[0] == "(" else inside.split(",")


def _unjoined(name: str, alone: Collection[str]) -> list[str]:
    parts = _JOINTS.split(name)
    if len(parts) == 1 or known_style(_JOINTS.sub(" ", name)):
        return [name]
    are_styles = all(known_style(part) or style_key(part) in alone for part in parts)
    return parts if are_styles else [name]
