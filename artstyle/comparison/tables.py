"""The table of a comparison, for a terminal, a spreadsheet, LaTeX and Markdown."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from artstyle.comparison.answers import Compared
from artstyle.comparison.compare import changed_pictures
from artstyle.comparison.document import (
    COMPARISON_NAME,
    ComparedRow,
    ComparedScore,
    ComparedStyle,
    Comparison,
)
from artstyle.errors import UnknownNameError
from artstyle.evaluation.document import Bounds
from artstyle.storage.files import inert, write_csv, write_text
from artstyle.styles.vocabulary import display_name

TableFormat = Literal["csv", "latex", "markdown"]
_ENDINGS: dict[TableFormat, str] = {"csv": "csv", "latex": "tex", "markdown": "md"}
_MINUS = "\u2212"
_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    mark: f"\\{mark}" for mark in "&%$#_{}"
}


def columns(comparison: Comparison) -> list[str]:
    """Return the names of the table's columns."""
    return list(_table(comparison)[0])


def caption(comparison: Comparison) -> str:
    """Return what the table is about, and which intervals it gives."""
    known = comparison.artists is not None
    artists = f" by {comparison.artists:,} artists" if known else ""
    bootstraps = (
        "bootstraps of artists and of pictures, those in brackets of artists"
        if known
        else "a bootstrap of pictures"
    )
    gained = "share with all labels right" if comparison.multi else "accuracy"
    over = " over runs: lowest and highest;" if _has_seeds(comparison) else ""
    return (
        f"{comparison.pictures:,} pictures{artists}, split {comparison.split};{over}"
        f" {comparison.interval_level:.0%} intervals from {bootstraps};"
        f" gained: {gained} above the first row; p: McNemar's exact test, Holm-corrected"
    )


def cells(comparison: Comparison) -> list[list[str]]:
    """Return the table: a row's scores, and how it differs from the first row."""
    return [list(line.values()) for line in _table(comparison)]


def _table(comparison: Comparison) -> list[dict[str, str]]:
    """Return for each row the columns with their cells."""
    several_runs = _has_seeds(comparison)
    return [_cells(row, several_runs=several_runs) for row in comparison.rows]


def _cells(row: ComparedRow, *, several_runs: bool) -> dict[str, str]:
    found, accuracy, precision = row.difference, row.accuracy, row.mean_average_precision
    seeds = {"runs": str(len(row.runs))} if several_runs else {}
    over_runs = _range(accuracy.runs) if len(row.runs) > 1 else ""
    ranges = {"over runs": over_runs} if several_runs else {}
    artists = {"other artists": _range(accuracy.artists)} if accuracy.artists else {}
    return {
        "": row.name,
        **seeds,
        "all labels right" if precision else "accuracy": _plain(accuracy.value),
        **ranges,
        **artists,
        "other pictures": _range(accuracy.pictures),
        **({"mAP": _with_interval(precision, _plain)} if precision else {}),
        "macro F1": _with_interval(row.macro_f1, _plain),
        "gained": _with_interval(found.accuracy, _signed) if found else "",
        "won": str(found.won) if found else "",
        "lost": str(found.lost) if found else "",
        "p": _p_value(found.holm_p) if found else "",
    }


def style_columns(comparison: Comparison) -> list[str]:
    """Return the names of the columns of the table of styles: rows are numbered."""
    return ["style", "pictures", *(str(n) for n in range(1, 1 + len(comparison.rows)))]


def style_cells(comparison: Comparison) -> list[list[str]]:
    """Return for each style how many pictures each row recognises, and what it won and lost."""
    return [
        [display_name(style.style), f"{style.pictures:,}", *_recognised(style)]
        for style in comparison.styles
    ]


def _recognised(style: ComparedStyle) -> Iterator[str]:
    for n, (right, won, lost) in enumerate(zip(style.right, style.won, style.lost, strict=True)):
        yield f"{right:,} (+{won:,} {_MINUS}{lost:,})" if n else f"{right:,}"


def comparison_table(comparison: Comparison, chosen: TableFormat) -> str:
    """Return the table as text in a format; CSV has one number a cell, for programs.

    Args:
        comparison: What `compare_runs` gave.
        chosen: ``csv``, ``latex`` (needs the package booktabs) or ``markdown``.

    Raises:
        UnknownNameError: The format is unknown.

    Examples:
        >>> table = artstyle.comparison_table(artstyle.compare_runs(["tiny", "probe"]), "latex")
        >>> "toprule" in table
        True
    """
    formats: dict[TableFormat, Callable[[Comparison], str]] = {
        "csv": _csv,
        "latex": _latex,
        "markdown": _markdown,
    }
    if chosen not in formats:
        raise UnknownNameError("format", chosen, formats)
    return formats[chosen](comparison)


def write_comparison(folder: Path, compared: Compared, comparison: Comparison) -> None:
    """Write the comparison, its table in each format, and the pictures that changed."""
    for chosen, ending in _ENDINGS.items():
        write_text(folder / f"comparison.{ending}", comparison_table(comparison, chosen))
    names = [row.name for row in comparison.rows]
    write_csv(
        folder / "changed.csv", ["path", "style", "artist", *names], changed_pictures(compared)
    )
    comparison.write(folder / COMPARISON_NAME)


def _has_seeds(comparison: Comparison) -> bool:
    return any(len(row.runs) > 1 for row in comparison.rows)


def _plain(value: float) -> str:
    return f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", _MINUS)


def _range(bounds: Bounds) -> str:
    return f"{_plain(bounds[0])} to {_plain(bounds[1])}"


def _with_interval(score: ComparedScore, number: Callable[[float], str]) -> str:
    low, high = score.artists or score.pictures
    return f"{number(score.value)} ({number(low)} to {number(high)})"


def _p_value(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _csv(comparison: Comparison) -> str:
    text = io.StringIO(newline="")
    lines = [_numbers(row) for row in comparison.rows]
    writer = csv.DictWriter(text, lines[-1].keys(), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({key: inert(str(value)) for key, value in line.items()} for line in lines)
    return text.getvalue()


def _numbers(row: ComparedRow) -> dict[str, object]:
    scores: dict[str, ComparedScore | None] = {
        "accuracy": row.accuracy,
        "macro_f1": row.macro_f1,
        "top3_accuracy": row.top3_accuracy,
        "mean_average_precision": row.mean_average_precision,
    }
    line: dict[str, object] = {"row": row.name, "runs": len(row.runs)}
    found = row.difference
    if found is not None:
        scores |= {"accuracy_gained": found.accuracy, "macro_f1_gained": found.macro_f1}
    for name, score in scores.items():
        if score is None:
            continue
        line |= {name: f"{score.value:.6f}", **_bounds(f"{name}_runs", score.runs)}
        line |= _bounds(f"{name}_pictures", score.pictures)
        line |= _bounds(f"{name}_artists", score.artists)
    if found is not None:
        line |= {"won": found.won, "lost": found.lost}
        line |= {"mcnemar_p": f"{found.mcnemar_p:.6g}", "holm_p": f"{found.holm_p:.6g}"}
    return line


def _bounds(name: str, bounds: Bounds | None) -> dict[str, str]:
    low, high = ("", "") if bounds is None else (f"{bounds[0]:.6f}", f"{bounds[1]:.6f}")
    return {f"{name}_low": low, f"{name}_high": high}


def _markdown(comparison: Comparison) -> str:
    rule = ["---"] + ["---:"] * (len(columns(comparison)) - 1)
    lines = [columns(comparison), rule, *cells(comparison)]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    table = "".join(f"| {' | '.join(line)} |\n" for line in escaped)
    return f"{table}\n{caption(comparison)}\n"


def _latex(comparison: Comparison) -> str:
    """Return a ``tabular`` that needs the package booktabs; the caption is a comment."""
    head, body = columns(comparison), cells(comparison)
    lines = [
        f"% {caption(comparison)}",
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        r"\toprule",
        _latex_line(head),
        r"\midrule",
        *map(_latex_line, body),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _latex_line(line: Sequence[str]) -> str:
    return " & ".join(_latex_text(cell) for cell in line) + r" \\"


def _latex_text(cell: str) -> str:
    text = "".join(_LATEX.get(letter, letter) for letter in cell)
    return text.replace(_MINUS, "$-$").replace("<", "$<$")
