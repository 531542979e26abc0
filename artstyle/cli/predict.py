"""`artstyle predict`: name the styles of pictures."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import zip_longest
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer

from artstyle import interrupts
from artstyle.cli.console import live_progress, say, say_skipped, stdout_stream
from artstyle.cli.options import (
    SOME_FAILED,
    BatchSizeOption,
    DeviceOption,
    ListSkippedOption,
    RunOption,
    TopKOption,
)
from artstyle.errors import UsageError
from artstyle.progress import Progress, silent

if TYPE_CHECKING:
    from artstyle.models.checkpoint import StyleModel
    from artstyle.prediction.predict import PredictionRow

Format = Literal["table", "csv", "json", "jsonl"]
Engine = Literal["torch", "onnx"]
PathsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH", help="Files, folders, globs in quotes, or - for a list on stdin."
    ),
]

_FORMATS: dict[str, Format] = {".csv": "csv", ".json": "json", ".jsonl": "jsonl"}
_ENCODING_ERRORS: dict[Format, str] = {
    "table": "backslashreplace",
    # The path's own bytes: what a program needs to open it.
    "csv": "surrogateescape",
    # JSON must be UTF-8; what a lone surrogate becomes is its escape in JSON too.
    "json": "backslashreplace",
    "jsonl": "backslashreplace",
}
"""What becomes of the bytes of a path that are no UTF-8."""

_STYLE_COLUMNS, _SHARE_COLUMNS, _LEAST_PATH_COLUMNS, _PIPED_COLUMNS = 28, 11, 24, 100


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
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Let --out take the place of a file.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an --out that was not finished.")
    ] = False,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = None,
    engine: Annotated[
        Engine,
        typer.Option("--engine", help="onnx: answer with the file of 'artstyle export', on a CPU."),
    ] = "torch",
    list_skipped: ListSkippedOption = False,
) -> None:
    """Name the most probable styles of pictures, one row each, in a fixed order.

    A picture that cannot be read gets a row with its error; the exit code is then 3. Rows of
    --out FILE are kept in FILE.partial until it is whole.
    """
    _require_new(out, overwrite, resume)
    chosen = _choose_format(output_format, out)

    from artstyle.pictures.finding import find_pictures, require_pictures

    load_model = _find_model(run, engine, device)
    skipped = _Skipped(list_skipped)
    pictures = require_pictures(find_pictures(paths, skipped=skipped.add))

    from artstyle.devices import choose_batch_size
    from artstyle.prediction.predict import predict_styles
    from artstyle.prediction.unfinished import Request, unfinished_rows

    model = load_model()
    top_k = min(top_k, len(model.labels))
    batch_size = batch_size or choose_batch_size(model.device)
    answer = partial(predict_styles, model, top_k=top_k, batch_size=batch_size)
    if out is None:
        with _stdout(chosen) as stream, _progress_beside(stream) as progress:
            total, failed = _write(answer(pictures, progress=progress), stream, chosen, top_k)
    else:
        request = Request(model.fingerprint, top_k, batch_size, str(model.device))
        with unfinished_rows(_partial(out), out, request, resume=resume) as unfinished:
            with live_progress() as progress:
                for row in answer(unfinished.skip_finished(pictures), progress=progress):
                    unfinished.add(row)
            with _file(out, chosen) as stream:
                total, failed = _write(unfinished.rows(), stream, chosen, top_k)
        say(f"{total} rows in {out}")
    skipped.say_count()
    if failed:
        say(f"{failed} of {total} pictures could not be read")
        raise typer.Exit(SOME_FAILED)


class _Skipped:
    """The files that are passed over while pictures are looked for, counted as they are found."""

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


def _find_model(run: str, engine: Engine, device: str | None) -> Callable[[], "StyleModel"]:
    """Return what loads the model; what is wrong with the request is said before torch loads."""
    from artstyle.runs import find_run

    lone = Path(run) if run.endswith(".onnx") else None
    if (lone or engine == "onnx") and device not in (None, "auto", "cpu"):
        raise UsageError(f"ONNX files are answered with on a CPU; leave --device {device} out")
    folder = None if lone else find_run(run)

    def load() -> "StyleModel":
        if folder is None or engine == "onnx":
            from artstyle.models.onnx_file import load_onnx_model

            if folder is None:
                return load_onnx_model(Path(run))
            return load_onnx_model(folder.onnx_path, folder.best_path)

        from artstyle.devices import choose_device
        from artstyle.models.checkpoint import load_style_model

        return load_style_model(folder.best_path, choose_device(device or "auto"))

    return load


def _choose_format(asked: Format | None, out: Path | None) -> Format:
    if asked is not None or out is None:
        return asked or "table"
    try:
        return _FORMATS[out.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"--out {out}: no format is known for '{out.suffix}';"
            f" end it in {', '.join(_FORMATS)} or say --format"
        ) from None


def _require_new(out: Path | None, overwrite: bool, resume: bool) -> None:
    if out is None:
        if resume:
            raise UsageError("--resume goes on with a file: name it with --out")
        interrupts.set_resume_hint(lambda: "use --out FILE to be able to resume")
        return
    partial = _partial(out)
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a file")
    if resume and overwrite:
        raise UsageError("--resume keeps the rows that there are, --overwrite does not; say one")
    if resume and out.exists() and not partial.exists():
        say(f"{out} is whole: there is nothing to go on with")
        raise typer.Exit
    if out.exists() and not overwrite and not resume:
        raise UsageError(f"--out {out} exists; say --overwrite to replace it")
    if partial.exists() and not overwrite and not resume:
        raise UsageError(
            f"{partial} holds rows of an --out that was not finished;"
            " go on with --resume, or say --overwrite to begin anew"
        )
    interrupts.set_resume_hint(
        lambda: f"the rows so far are in {partial}; run the same command with --resume"
    )


def _partial(out: Path) -> Path:
    """Return where rows are kept until ``out`` is whole."""
    return out.with_name(f"{out.name}.partial")


@contextmanager
def _stdout(chosen: Format) -> Iterator[TextIO]:
    encoding = None if chosen == "table" else "utf-8"
    with stdout_stream(encoding=encoding, errors=_ENCODING_ERRORS[chosen]) as stdout:
        yield stdout


@contextmanager
def _file(out: Path, chosen: Format) -> Iterator[TextIO]:
    """Yield a file that appears under its name only once it is whole."""
    from artstyle.storage.files import atomic_path

    errors = _ENCODING_ERRORS[chosen]
    with (
        atomic_path(out) as temporary,
        temporary.open("w", encoding="utf-8", errors=errors, newline="") as file,
    ):
        yield file


def _progress_beside(stream: TextIO) -> AbstractContextManager[Progress]:
    """Return the bar, unless rows appear on the terminal: they tell of progress themselves."""
    return nullcontext(silent) if stream.isatty() else live_progress()


def _write(
    rows: Iterable["PredictionRow"], stream: TextIO, chosen: Format, top_k: int
) -> tuple[int, int]:
    """Write rows as they come; return how many there are and how many tell of an error."""
    from artstyle.prediction.predict import write_rows

    total = failed = 0
    written = (
        _write_table(rows, stream) if chosen == "table" else write_rows(rows, stream, chosen, top_k)
    )
    for row in written:
        stream.flush()
        total, failed = total + 1, failed + (row.error is not None)
    return total, failed


def _write_table(rows: Iterable["PredictionRow"], stream: TextIO) -> Iterator["PredictionRow"]:
    columns = get_terminal_size().columns if stream.isatty() else _PIPED_COLUMNS
    path_columns = max(_LEAST_PATH_COLUMNS, columns - _STYLE_COLUMNS - _SHARE_COLUMNS)
    stream.write(_line("picture", "style", "probability", path_columns))
    for row in rows:
        stream.writelines(_row_lines(row, path_columns))
        yield row


def _row_lines(row: "PredictionRow", path_columns: int) -> Iterator[str]:
    """Yield a picture's lines: its path, folded, beside a style a line or the error."""
    from rich.cells import chop_cells

    from artstyle.pictures.finding import printable
    from artstyle.styles.names import display_name

    path = chop_cells(printable(row.path), path_columns - 2)
    if row.styles is None:
        right = [
            (line, "") for line in wrap(f"not read: {row.error}", _STYLE_COLUMNS + _SHARE_COLUMNS)
        ]
    else:
        right = [(display_name(r.style), f"{r.probability:.1%}") for r in row.styles]
    for part, named in zip_longest(path, right):
        style, share = named or ("", "")
        yield _line(part or "", style, share, path_columns)


def _line(path: str, style: str, share: str, path_columns: int) -> str:
    from rich.cells import set_cell_size

    left = set_cell_size(path, path_columns)
    if not share:
        return f"{left}{style}".rstrip() + "\n"
    return f"{left}{set_cell_size(style, _STYLE_COLUMNS)}{share:>{_SHARE_COLUMNS}}\n"
