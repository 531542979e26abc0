"""The line that shows how far a stage of the work is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from artstyle.cli.console import say, say_above
from artstyle.progress import Progress

_NARROWEST, _WIDEST = 8, 24
"""Columns of the bar itself."""
_GAP = "  "
# A terminal shows ^C where the bar ends; on a line of its own, it would stay, and the bar too.
_CTRL_C = 3


@contextmanager
def live_progress(count: Callable[[], int | None] = lambda: None) -> Iterator[Progress]:
    """Draw a bar for each stage on stderr; when a stage is done, its bar becomes a line.

    Without a terminal there are only the lines. When the block ends, no bar stays behind.

    Args:
        count: Called once for the total of a stage that does not know it, if there is a bar.
    """
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn, Task, TaskID
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _line_per_stage
        return

    class Line(ProgressColumn):
        def render(self, task: Task) -> Text:
            total = None if task.total is None else int(task.total)
            line = bar_line(
                task.description,
                int(task.completed),
                total,
                clocks=(task.elapsed or 0.0, task.time_remaining),
                detail=task.fields["detail"],
                width=console.width - _CTRL_C,
            )
            return Text(line, no_wrap=True, overflow="crop")

    # Stdout stays as it is: otherwise rich sends what is printed there to stderr, past a pipe.
    bars = Bars(Line(), console=console, redirect_stdout=False, transient=True)
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if done == total:
            if stage in tasks:
                bars.remove_task(tasks.pop(stage))
            _line_per_stage(stage, done, total, detail)
            return
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total, detail=detail)
        bars.update(tasks[stage], completed=done, total=total, detail=detail)

    def print_above(text: str) -> None:
        # Whole lines: rich would break a command that is to be copied.
        console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)

    with bars, say_above(print_above):
        yield _with_total(report, count)


def _with_total(progress: Progress, count: Callable[[], int | None]) -> Progress:
    """Return a progress that adds the total where the work itself does not know it."""
    totals: list[int | None] = []

    def report(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if total is None:
            totals[:] = totals or [count()]
            # Only the work itself says that it is done.
            total = None if (totals[0] or 0) <= done else totals[0]
        progress(stage, done, total, detail)

    return report


def bar_line(
    stage: str,
    done: int,
    total: int | None,
    *,
    clocks: tuple[float, float | None],
    detail: str,
    width: int,
) -> str:
    """Return one line that is no longer than ``width``; what matters less is left out.

    Args:
        stage: What is being done.
        done: How many are done.
        total: Of how many; None where that is not known.
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


def _line_per_stage(stage: str, done: int, total: int | None, detail: str = "") -> None:
    if done == total:
        say(f"{stage}: {detail or done}")
