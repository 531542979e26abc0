"""The one place that prints: data to stdout, messages and progress to stderr."""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

from artstyle.progress import Progress, bar_line
from artstyle.styles.names import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn, TaskID

    from artstyle.models.style_model import StyleModel
    from artstyle.runs.folder import RunFolder

# What a write can fail with, and a read cannot.
_UNWRITABLE = (errno.EBADF, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# A terminal shows ^C where the bar ends; on a line of its own, it would stay, and the bar too.
_CTRL_C = 3


def open_closed_streams() -> None:
    """Open the standard streams that the process was started without.

    Otherwise the next open file gets the number of one of them, and what a library prints goes
    into that file. Writing to stdout then fails with the system's error; messages to stderr are
    dropped.
    """
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def end_stdout() -> None:
    """Flush stdout; if that fails, the interpreter does not try again.

    Raises:
        OSError: It could not be written.
    """
    with _reaching_stdout():
        pass


@contextmanager
def _reaching_stdout() -> Iterator[None]:
    """Flush stdout after the block; drop the rest if its reader is gone.

    Raises:
        OSError: It could not be written; the error says that it is standard output.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        if error.filename is None and error.errno in _UNWRITABLE:
            _discard(sys.stdout)
            error.filename = "standard output"
        raise


def _discard(stream: TextIO) -> None:
    """Drop what a stream holds and all that follows."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class _Stderr:
    """Whether stderr shows a bar, and how text is printed above it."""

    print_above: Callable[[str], None] | None = None


def say(message: str) -> None:
    """Print a message for people on stderr, without control characters."""
    text = "\n".join(map(visible, message.split("\n")))
    try:
        if _Stderr.print_above is not None:
            _Stderr.print_above(text)
            return
        # In one piece with its end: a signal between two pieces would put its message on the same
        # line.
        stream = _terminal()
        stream.write(text + "\n")
        stream.flush()
    except OSError:
        # stderr itself fails, so the failure cannot be reported.
        _discard(sys.stderr)


def _terminal() -> TextIO:
    """Return stderr itself: what rich puts in its place breaks long lines."""
    stream: TextIO = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
    return stream


def erase_bar() -> None:
    """Remove the bar from the terminal, from whichever thread, before the process is killed."""
    if _Stderr.print_above is not None:
        _Stderr.print_above = None
        # To the start of the line, clear it, show the cursor. Rich's own way waits for its lock.
        _terminal().write("\r\x1b[2K\x1b[?25h")
        _terminal().flush()


def warn(message: str) -> None:
    """Print a warning as one line, on stderr."""
    say(f"warning: {visible(message)}")


def say_notes(model: "StyleModel") -> None:
    """Print what people should know before they read a model's answers."""
    for note in model.notes:
        say(f"note: {note}")


def say_starter(run: "RunFolder | None") -> None:
    """If the model that comes with artstyle answers, say so, and how right it is."""
    from artstyle.runs.finding import starter_note

    if note := starter_note(run):
        say(note)


def show(text: str) -> None:
    """Print data, on stdout."""
    with _reaching_stdout():
        print(text)  # noqa: T201


@contextmanager
def stdout_stream(*, encoding: str | None, errors: str) -> Iterator[TextIO]:
    """Yield stdout for rows; exit with code 0 if its reader goes away.

    Args:
        encoding: None keeps the terminal's own.
        errors: The handler of characters that it lacks.
    """
    stdout = sys.stdout
    assert isinstance(stdout, TextIOWrapper)
    stdout.reconfigure(encoding=encoding, errors=errors, newline="\n")
    with _reaching_stdout():
        yield stdout
        return
    sys.exit(0)  # Reached only when the reader is gone.


def is_coloured(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that shows colours, as NO_COLOR and TERM say."""
    from rich.console import Console

    console = Console(file=stream)
    return console.is_terminal and console.color_system is not None and not console.no_color


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()
) -> None:
    """Print a table on stdout; the columns named in ``numbers`` are aligned right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    console = Console(soft_wrap=False)
    # Printed here: rich treats a reader that has gone away as a failure.
    with console.capture() as drawn:
        console.print(table)
    with _reaching_stdout():
        print(drawn.get(), end="")  # noqa: T201


def say_skipped(paths: Iterable[object]) -> None:
    """Name each file that was passed over, on stderr."""
    for path in paths:
        say(f"passed over: {visible(str(path))}")


def show_places(title: str, places: Mapping[str, object]) -> None:
    """Print the path of each result, one line each, on stderr."""
    width = max(map(len, places), default=0)
    say(title)
    for name, place in places.items():
        say(f"  {name:<{width}}  {place}")


@contextmanager
def live_progress(count: Callable[[], int | None] = lambda: None) -> Iterator[Progress]:
    """Draw a bar for each stage on stderr; when a stage is done, its bar becomes a line.

    Without a terminal there are only the lines. When the block ends, no bar stays behind.

    Args:
        count: Called once for the total of a stage that does not know it, if there is a bar.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _line_per_stage
        return

    from rich.progress import Progress as Bars

    # Stdout stays as it is: otherwise rich sends what is printed there to stderr, past a pipe.
    bars = Bars(_bar_column(console), console=console, redirect_stdout=False, transient=True)

    def print_above(text: str) -> None:
        # Whole lines: rich would break a command that is to be copied.
        console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)

    with bars:
        _Stderr.print_above = print_above
        try:
            yield _with_total(_bar_per_stage(bars), count)
        finally:
            _Stderr.print_above = None


def _bar_column(console: "Console") -> "ProgressColumn":
    """Return what draws a stage's bar on one line of a terminal."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Line(ProgressColumn):
        def render(self, task: Task) -> Text:
            line = bar_line(
                task.description,
                int(task.completed),
                None if task.total is None else int(task.total),
                clocks=(task.elapsed or 0.0, task.time_remaining),
                detail=task.fields["detail"],
                width=console.width - _CTRL_C,
            )
            return Text(line, no_wrap=True, overflow="crop")

    return Line()


def _bar_per_stage(bars: "Bars") -> Progress:
    """Return a progress that shows each stage as a bar until it is done, then as a line."""
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

    return report


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


def _line_per_stage(stage: str, done: int, total: int | None, detail: str = "") -> None:
    if done == total:
        say(f"{stage}: {detail or done}")
