"""Reporting of progress by the library, and the line that shows it; the caller prints."""

from typing import Protocol

_NARROWEST, _WIDEST = 8, 24
"""Columns of the bar itself."""
_GAP = "  "


class Progress(Protocol):
    """Called while work is done; the command line draws bars from it."""

    def __call__(self, stage: str, done: int, total: int | None, detail: str = "") -> None:
        """Report one stage.

        Args:
            stage: What is being done, in words: "reading pictures".
            done: How many are done.
            total: Of how many; None where that is not known yet.
            detail: More to show next to the bar: "loss 1.23, lr 2.0e-04".
        """


def silent(stage: str, done: int, total: int | None, detail: str = "") -> None:
    """Report nothing."""


def bar_line(
    stage: str,
    done: int,
    total: int | None,
    *,
    clocks: tuple[float, float | None],
    detail: str,
    width: int,
) -> str:
    """Return one line of at most ``width`` characters; what matters less is left out.

    Args:
        stage: What is being done.
        done: How many are done.
        total: The total; None where it is not known.
        clocks: Seconds since the stage began, and until it ends; None where that is not known.
        detail: More to show: parts with two spaces between them, the most important first.
        width: Columns.
    """
    elapsed, left = clocks
    count = f"{done:,}" if total is None else f"{done:,}/{total:,}"
    parts = [stage, count]
    optional = [f"{clock(elapsed)} elapsed"]
    if left is not None:
        optional.append(f"{clock(left)} left")
    room = width - len(_GAP.join(parts)) - (_NARROWEST + len(_GAP) if total else 0)
    for part in [*optional, *filter(None, detail.split(_GAP))]:
        room -= len(_GAP + part)
        if room < 0:
            break
        parts.append(part)
    line = _GAP.join(parts)
    if total and (columns := min(_WIDEST, width - len(line) - len(_GAP))) >= _NARROWEST:
        filled = columns * done // total
        parts.insert(1, "█" * filled + "░" * (columns - filled))
    return _GAP.join(parts)[:width]


def clock(seconds: float) -> str:
    """Return 65 as ``1:05`` and 3665 as ``1:01:05``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
