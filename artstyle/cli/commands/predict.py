"""`artstyle predict`: name the styles of pictures."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from artstyle import interrupts
from artstyle.cli.options import (
    SOME_FAILED,
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    ListSkippedOption,
    OverwriteOption,
    PathsArgument,
    RunOption,
    TopKOption,
)
from artstyle.cli.terminal.console import (
    is_coloured,
    live_progress,
    say,
    say_notes,
    say_skipped,
    say_starter,
    stdout_stream,
    warn,
)
from artstyle.errors import UsageError
from artstyle.prediction.formats import ENCODING_ERRORS, Format, format_of
from artstyle.progress import Progress, silent
from artstyle.styles.vocabulary import name_styles_by

if TYPE_CHECKING:
    from artstyle.prediction.rows import PredictionRow
    from artstyle.prediction.writers import Counts


def predict(
    paths: PathsArgument,
    run: RunOption = "latest",
    top_k: TopKOption = 3,
    output_format: Annotated[
        Format | None,
        typer.Option("--format", help="table, or for programs csv, json, jsonl."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A file; its ending decides the format.")
    ] = None,
    overwrite: OverwriteOption = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an --out that was not finished.")
    ] = False,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = None,
    engine: EngineOption = "auto",
    list_skipped: ListSkippedOption = False,
) -> None:
    """Name the most probable styles of pictures, one row each, in a fixed order.

    A picture that cannot be read gets a row with its error; the exit code is then 3. Rows of
    --out FILE are kept in FILE.partial until it is whole.
    """
    _require_output(out, overwrite, resume)
    chosen = output_format or (format_of(out) if out else "table")

    from artstyle.engines import find_model
    from artstyle.pictures.finding import find_pictures, require_pictures

    found = find_model(run, engine, device or "auto", note=warn)
    say_starter(found.run)
    name_styles_by(found.vocabulary())
    skipped = _Skipped(list_skipped)
    pictures = require_pictures(find_pictures(paths, skipped=skipped.add))

    from artstyle.prediction.output import Request, write_output
    from artstyle.prediction.predict import predict_styles

    model = found.load()
    say_notes(model)
    top_k = min(top_k, len(model.labels))
    batch_size = batch_size or model.batch_size
    answer = partial(predict_styles, model, top_k=top_k, batch_size=batch_size)
    if out is None:
        counts = _show(partial(answer, pictures), paths, chosen, top_k)
    else:
        request = Request(model.fingerprint, top_k, batch_size, model.device)
        with live_progress(partial(_count, paths, resume)) as progress:
            answer = partial(answer, progress=progress)
            counts = write_output(out, answer, pictures, request, chosen, resume=resume)
        say(f"{counts.total} rows in {out}")
    skipped.say_count()
    if counts.failed:
        say(f"{counts.failed} of {counts.total} pictures could not be read")
        raise typer.Exit(SOME_FAILED)


def _show(
    answer: Callable[..., Iterator["PredictionRow"]], paths: list[str], chosen: Format, top_k: int
) -> "Counts":
    """Print rows on stdout as they come."""
    from artstyle.prediction.writers import PIPED_COLUMNS, write_all

    encoding = None if chosen == "table" else "utf-8"
    with (
        stdout_stream(encoding=encoding, errors=ENCODING_ERRORS[chosen]) as stream,
        _progress_with(stream, partial(_count, paths)) as progress,
    ):
        columns = get_terminal_size().columns if stream.isatty() else PIPED_COLUMNS
        rows = answer(progress=progress)
        return write_all(
            rows, stream, chosen, top_k, table_columns=columns, coloured=is_coloured(stream)
        )


def _progress_with(
    stream: TextIO, count: Callable[[], int | None]
) -> AbstractContextManager[Progress]:
    """Return the bar, unless rows appear on the terminal: they show the progress themselves."""
    return nullcontext(silent) if stream.isatty() else live_progress(count)


def _count(paths: list[str], resumed: bool = False) -> int | None:
    """Return how many rows will be made, where that is known."""
    from artstyle.pictures.finding import count_pictures

    return None if resumed else count_pictures(paths)


def _require_output(out: Path | None, overwrite: bool, resume: bool) -> None:
    """Refuse what cannot be written, and set how an interrupted command is resumed."""
    if out is None:
        if resume:
            raise UsageError("--resume continues a file: name it with --out")
        interrupts.set_resume_hint(lambda: "use --out FILE to be able to resume")
        return

    from artstyle.prediction.output import is_whole, partial_path, require_output

    require_output(out, overwrite=overwrite, resume=resume)
    if resume and is_whole(out):
        say(f"{out} is whole: there is nothing to resume")
        raise typer.Exit
    interrupts.set_resume_hint(
        lambda: f"the rows so far are in {partial_path(out)}; run the same command with --resume"
    )


class _Skipped:
    """Counts the files that the search for pictures passes over."""

    def __init__(self, listed: bool) -> None:
        self._listed, self._counts = listed, Counter[str]()

    def add(self, path: Path) -> None:
        from artstyle.pictures.skipped import ending

        self._counts[ending(path.name)] += 1
        say_skipped([path] if self._listed else ())

    def say_count(self) -> None:
        from artstyle.pictures.skipped import counted_endings

        if self._counts:
            say(f"note: {counted_endings(self._counts)}; --list-skipped names them")
