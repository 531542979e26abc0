"""`artstyle predict`: name the styles of pictures."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
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
    IdColumnOption,
    ImagesOption,
    ListSkippedOption,
    OverwriteOption,
    PathColumnOption,
    PathsArgument,
    ResumeOption,
    RunOption,
    TopKOption,
)
from artstyle.cli.pictures import Pictures, Skipped, pictures_of
from artstyle.cli.shards import (
    AddressOption,
    OnOption,
    Sharded,
    ShardsOption,
    Where,
    require_one_source,
    require_sharded,
)
from artstyle.cli.terminal.console import (
    is_coloured,
    live_progress,
    say,
    say_notes,
    say_starter,
    stdout_stream,
    warn,
)
from artstyle.errors import UsageError
from artstyle.prediction.formats import (
    ENCODING_ERRORS,
    LINKED,
    SHEETS,
    Format,
    format_of,
)
from artstyle.progress import Progress, silent
from artstyle.styles.vocabulary import name_styles_by

if TYPE_CHECKING:
    from artstyle.collection.picture_list import PictureList
    from artstyle.engines import FoundModel
    from artstyle.models.style_model import StyleModel
    from artstyle.prediction.columns import Naming
    from artstyle.prediction.output import Writer
    from artstyle.prediction.rows import PredictionRow
    from artstyle.prediction.writers import Counts

Rows = Iterator["PredictionRow"]
Answers = Callable[..., Rows]
"""Answers pictures, one row each."""


def predict(
    paths: PathsArgument,
    run: RunOption = "latest",
    top_k: TopKOption = 3,
    output_format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="table, csv, json, jsonl, iiif, jsonld; with --out xlsx, parquet.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="PATH", help="A file; its ending decides the format. Or see --shards."
        ),
    ] = None,
    shards: ShardsOption = None,
    on: OnOption = None,
    address: AddressOption = None,
    images: ImagesOption = None,
    path_column: PathColumnOption = None,
    id_column: IdColumnOption = None,
    join: Annotated[
        bool, typer.Option("--join", help="Write the list itself to --out, with new columns.")
    ] = False,
    language: Annotated[
        str | None,
        typer.Option("--language", help="Add each style's name in a language: de, fr, ..."),
    ] = None,
    identifiers: Annotated[
        str | None,
        typer.Option("--identifiers", help="Add each style's identifiers: aat,wikidata."),
    ] = None,
    overwrite: OverwriteOption = False,
    resume: ResumeOption = False,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = None,
    engine: EngineOption = "auto",
    list_skipped: ListSkippedOption = False,
) -> None:
    """Name the most probable styles of pictures, one row each, in a fixed order.

    PATH may also be a collection's own list, .csv, .tsv, .txt or .xlsx, with a column of paths or
    of accession numbers. Or IIIF: the address of a manifest, a collection or an info.json; such a
    file, .json; or a .txt with one address a line.

    A picture that cannot be read gets a row with its error; the exit code is then 3. Rows of
    --out FILE are kept in FILE.partial until it is whole.
    """
    where = Where(run, engine, device, on, address)
    sharded = require_sharded("predict", shards, out, where, overwrite=overwrite, resume=resume)
    file = None if sharded or out is None else Path(out)
    if sharded:
        _require_parquet(output_format, join)
        chosen: Format = "parquet"
    else:
        _require_output(file, overwrite, resume)
        chosen = _chosen_format(output_format, file, join)
    naming = _naming(language, identifiers, chosen)

    from artstyle.engines import find_model

    skipped = Skipped(list_skipped)
    source = pictures_of(paths, images, path_column, id_column, skipped)
    if sharded:
        require_one_source(paths, source)
    if chosen == "iiif" and not source.is_iiif:
        raise UsageError("--format iiif annotates the canvases of IIIF manifests; name one")
    found = find_model(run, *where.here, note=warn)
    say_starter(found.run)
    naming = replace(naming, vocabulary=found.vocabulary())
    name_styles_by(naming.vocabulary)
    if join:
        _require_join(source.listed, file, naming)

    from artstyle.prediction.output import Request, write_output
    from artstyle.prediction.predict import predict_styles
    from artstyle.styles.targets import refused_several

    model = found.load()
    if model.multi and join and (language or identifiers):
        raise refused_several("--language and --identifiers name a style", "leave them out")
    say_notes(model)
    top_k = min(top_k, len(model.labels))
    batch_size = batch_size or model.batch_size
    if sharded:
        named = paths, source
        total, failed = _in_shards(sharded, found, model, named, top_k, batch_size, naming)
    else:
        answer: Answers = partial(predict_styles, model, top_k=top_k, batch_size=batch_size)
        if chosen in LINKED:
            answer = partial(_with_errors_said, answer)
        stream = source.stream(model.preprocessing.read_size)
        if file is None:
            counts = _show(partial(answer, stream), source, chosen, top_k, naming)
        else:
            request = Request(model.fingerprint, top_k, batch_size, model.device)
            joined = source.listed if join else None
            write = _writer(chosen, top_k, naming, joined, multi=model.multi)
            with live_progress((lambda: None) if resume else source.count) as progress:
                answer = partial(answer, progress=progress)
                counts = write_output(file, answer, stream, request, write, resume=resume)
            say(f"{counts.total} rows in {out}")
        total, failed = counts.total, counts.failed
    skipped.say_count()
    if failed:
        say(f"{failed} of {total} pictures could not be read")
        raise typer.Exit(SOME_FAILED)


def _in_shards(
    sharded: Sharded,
    found: "FoundModel",
    model: "StyleModel",
    named: tuple[list[str], Pictures],
    top_k: int,
    batch_size: int,
    naming: "Naming",
) -> tuple[int, int]:
    """Make the shards that are missing; return how many rows there are, and how many failed."""
    from artstyle.archive.work import predict_work

    has_records = named[1].listed is not None
    work = partial(predict_work, top_k=top_k, naming=naming, has_records=has_records)
    options = {
        "top-k": top_k,
        "language": naming.language,
        "identifiers": ",".join(naming.identifiers) or None,
    }
    engine = sharded.engine(found, model, batch_size, work)
    made = sharded.make(model, batch_size, options, named, engine)
    return made.total, made.failed


def _require_parquet(output_format: Format | None, join: bool) -> None:
    """Refuse another format for shards.

    Raises:
        UsageError: One is asked for.
    """
    if join or output_format not in (None, "parquet"):
        asked = "--join" if join else f"--format {output_format}"
        raise UsageError(f"--shards writes Parquet files; leave out {asked}")


def _chosen_format(output_format: Format | None, out: Path | None, join: bool) -> Format:
    """Return the format that is asked for; a list that is joined keeps its own.

    Raises:
        UsageError: It needs --out, or contradicts --join.
    """
    if join:
        if out is None:
            raise UsageError("--join writes the list to another file: name it with --out")
        if output_format is not None:
            raise UsageError("--join keeps the list's own format; leave out --format")
        return "csv"
    chosen = output_format or (format_of(out) if out else "table")
    if chosen in SHEETS and out is None:
        raise UsageError(f"--format {chosen} writes a file: name it with --out")
    return chosen


def _naming(language: str | None, identifiers: str | None, chosen: Format) -> "Naming":
    """Return what is added to the most probable style.

    Raises:
        UsageError: The format has no place for it, or a name is unknown.
    """
    from artstyle.errors import UnknownNameError
    from artstyle.prediction.columns import IDENTIFIERS, Naming
    from artstyle.styles.entries import require_language

    for option, value in {"--language": language, "--identifiers": identifiers}.items():
        if value is not None and chosen in ("table", "json", "jsonl", *LINKED):
            raise UsageError(f"{option} adds a column: it goes with csv, xlsx, parquet or --join")
    asked = [name.strip() for name in (identifiers or "").split(",") if name.strip()]
    for name in asked:
        if name not in IDENTIFIERS:
            raise UnknownNameError("identifier", name, IDENTIFIERS)
    known = tuple(name for name in IDENTIFIERS if name in asked)
    return Naming(language and require_language(language), known)


def _require_join(listed: "PictureList | None", out: Path | None, naming: "Naming") -> None:
    """Refuse a list that cannot be written back."""
    from artstyle.collection.join import require_joinable

    assert out is not None
    if listed is None:
        raise UsageError("--join goes with a list: .csv, .tsv, .txt or .xlsx")
    vocabulary, language = naming.vocabulary, naming.language
    names = [vocabulary.name(style, language) for style in vocabulary.entries] if language else []
    require_joinable(listed, out, names)


def _writer(
    chosen: Format, top_k: int, naming: "Naming", joined: "PictureList | None", *, multi: bool
) -> "Writer":
    from artstyle.prediction.files import file_writer, join_writer

    if joined is None:
        return file_writer(chosen, top_k, naming)
    return join_writer(joined, naming, multi=multi)


def _show(
    answer: Answers,
    pictures: Pictures,
    chosen: Format,
    top_k: int,
    naming: "Naming",
) -> "Counts":
    """Print rows on stdout as they come."""
    from artstyle.prediction.writers import PIPED_COLUMNS, write_all

    assert chosen != "xlsx"
    assert chosen != "parquet"
    encoding = None if chosen == "table" else "utf-8"
    with (
        stdout_stream(encoding=encoding, errors=ENCODING_ERRORS[chosen]) as stream,
        _progress_with(stream, pictures.count) as progress,
    ):
        columns = get_terminal_size().columns if stream.isatty() else PIPED_COLUMNS
        rows = answer(progress=progress)
        return write_all(
            rows,
            stream,
            chosen,
            top_k,
            naming=naming,
            table_columns=columns,
            coloured=is_coloured(stream),
        )


def _with_errors_said(answer: Answers, *pictures: object, **options: object) -> Rows:
    """Warn of each row with an error: the format has no place for it."""
    from artstyle.pictures.finding import printable

    for row in answer(*pictures, **options):
        if row.error is not None:
            warn(f"{printable(row.path)}: {row.error}")
        yield row


def _progress_with(
    stream: TextIO, count: Callable[[], int | None]
) -> AbstractContextManager[Progress]:
    """Return the bar, unless rows appear on the terminal: they show the progress themselves."""
    return nullcontext(silent) if stream.isatty() else live_progress(count)


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
