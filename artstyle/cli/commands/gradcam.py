"""`artstyle gradcam`: heatmaps of where a model finds a style."""

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from artstyle.cli.options import (
    SOME_FAILED,
    BatchSizeOption,
    DeviceOption,
    EngineOption,
    OverwriteOption,
    PathsArgument,
    RunOption,
)
from artstyle.cli.pictures import pictures_of
from artstyle.cli.shards import (
    AddressOption,
    OnOption,
    Sharded,
    ShardsOption,
    Where,
    require_one_source,
    require_sharded,
)
from artstyle.cli.terminal.console import live_progress, say, say_notes, say_starter, show, warn
from artstyle.errors import UsageError
from artstyle.explain.methods import Method, Stream
from artstyle.styles.vocabulary import name_styles_by

if TYPE_CHECKING:
    from artstyle.engines import FoundModel
    from artstyle.models.style_model import StyleModel

StyleOption = Annotated[
    str | None, typer.Option("--style", help="Explain this style, not the predicted one.")
]
MethodOption = Annotated[Method, typer.Option("--method", help="How the heat is found.")]
StreamOption = Annotated[
    Stream, typer.Option("--stream", help="With dual/NAME: explain its style or its content.")
]
OutOption = Annotated[
    str | None, typer.Option("--out", help="A folder; by default gradcam/ in the run, or here.")
]
RawOption = Annotated[
    bool, typer.Option("--raw", help="Write the heat as .npy too: float32, 0 to 1.")
]


def gradcam(
    paths: PathsArgument,
    run: RunOption = "latest",
    style: StyleOption = None,
    method: MethodOption = "gradcam",
    stream: StreamOption = "style",
    out: OutOption = None,
    top_k: Annotated[
        int | None,
        typer.Option("--top-k", min=1, help="How many styles a panel names; by default 3."),
    ] = None,
    raw: RawOption = False,
    png: Annotated[
        bool, typer.Option("--png", help="Write overlays as PNG of 256 colours, not as JPEG.")
    ] = False,
    shards: ShardsOption = None,
    on: OnOption = None,
    address: AddressOption = None,
    overwrite: OverwriteOption = False,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = None,
    engine: EngineOption = "auto",
) -> None:
    """Draw where in each picture a style is found: overlays, panels, and a page of all.

    A picture that cannot be read is listed with its error; the exit code is then 3. With --shards,
    overlays are JPEG in a column of Parquet files: millions of small files burden a file system.
    """
    by_gradient = method != "gradcam" or stream == "content"
    if by_gradient and engine == "auto" and not run.endswith(".onnx"):
        engine = "torch"
    where = Where(run, engine, device, on, address)
    sharded = require_sharded("gradcam", shards, out, where, overwrite=overwrite)
    if sharded and (raw or png or top_k):
        raise UsageError(
            "--shards keeps overlays as JPEG, without panels; leave out --raw, --png and --top-k"
        )
    if overwrite and not sharded:
        raise UsageError("--overwrite goes with --shards: heatmaps of the same kind are replaced")
    from artstyle.engines import find_model
    from artstyle.explain.folder import HeatmapFolder
    from artstyle.pictures.finding import count_pictures, find_pictures, printable, require_pictures

    found = find_model(run, *where.here, needs=("maps",), note=warn)
    say_starter(found.run)
    name_styles_by(found.vocabulary())
    load = cache(found.load)
    labels = found.run.labels() if found.run else load().labels
    chosen = None if style is None else found.vocabulary().label(style, labels)
    if sharded:
        _in_shards(sharded, found, load(), paths, (method, chosen, stream), batch_size)
    pictures = require_pictures(find_pictures(paths))
    usual = found.run.gradcam_path if found.run else Path("gradcam")
    folder = HeatmapFolder(Path(out) if out else usual)
    folder.open()

    from artstyle.explain.explain import explain_pictures
    from artstyle.explain.gallery import write_heatmaps
    from artstyle.storage.locks import sole_writer

    model = load()
    say_notes(model)
    with sole_writer(folder.path), live_progress(partial(count_pictures, paths)) as progress:
        explanations = explain_pictures(
            model,
            pictures,
            method=method,
            style=chosen,
            stream=stream,
            top_k=top_k or 3,
            batch_size=batch_size,
            progress=progress,
        )
        drawn = write_heatmaps(folder, explanations, model, method, raw=raw, png=png)
    show(str(folder.index_path))
    for path, reason in drawn.failures:
        say(f"not read: {printable(path)}: {reason}")
    if drawn.failures:
        raise typer.Exit(SOME_FAILED)


def _in_shards(
    sharded: Sharded,
    found: "FoundModel",
    model: "StyleModel",
    paths: list[str],
    asked: tuple[Method, str | None, Stream],
    batch_size: int | None,
) -> NoReturn:
    """Draw the overlays of the shards that are missing."""
    from artstyle.archive.work import gradcam_work

    source, batch_size = pictures_of(paths), batch_size or model.batch_size
    require_one_source(paths, source)
    say_notes(model)
    method, style, stream = asked
    work = partial(
        gradcam_work,
        base=str(Path.cwd()),
        batch_size=batch_size,
        method=method,
        style=style,
        stream=stream,
    )
    options = {"method": method, "style": style, "stream": stream}
    engine = sharded.engine(found, model, batch_size, work)
    counts = sharded.make(model, batch_size, options, (paths, source), engine)
    if counts.failed:
        say(f"{counts.failed} of {counts.total} pictures could not be read")
    raise typer.Exit(SOME_FAILED if counts.failed else 0)
