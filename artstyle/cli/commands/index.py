"""`artstyle index`: embeddings of a collection, to search it by similarity."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    ResumeOption,
    RunOption,
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
from artstyle.cli.terminal.console import live_progress, say, say_notes, say_starter, show, warn
from artstyle.errors import UsageError
from artstyle.styles.vocabulary import name_styles_by

if TYPE_CHECKING:
    from artstyle.archive.folder import ShardFolder
    from artstyle.archive.listing import Listing
    from artstyle.engines import FoundModel
    from artstyle.models.style_model import StyleModel
    from artstyle.progress import Progress
    from artstyle.search.building import Built
    from artstyle.search.folder import IndexFolder
    from artstyle.search.writing import Knowledge

SearchedPaths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Files, folders, globs in quotes, a list, or - for a list on stdin.",
    ),
]


def index(
    paths: SearchedPaths = None,
    out: Annotated[
        str, typer.Option("--out", metavar="PATH", help="The folder of the index.")
    ] = "index",
    run: RunOption = "latest",
    draw_map: Annotated[
        bool, typer.Option("--map", help="Draw the works in two dimensions: map.html.")
    ] = False,
    shards: ShardsOption = None,
    on: OnOption = None,
    address: AddressOption = None,
    images: ImagesOption = None,
    path_column: PathColumnOption = None,
    id_column: IdColumnOption = None,
    overwrite: OverwriteOption = False,
    resume: ResumeOption = False,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = None,
    engine: EngineOption = "auto",
    list_skipped: ListSkippedOption = False,
) -> None:
    """Compute the embeddings of pictures, so that `similar` finds works that look alike.

    PATH may also be a collection's own list, as for predict; its columns style and artist are kept.
    Without a list, files named Style/artist_title.jpg say both. With --map alone, the map of the
    index at --out is drawn. With --shards, the shards are in OUT/shards, and stay there.

    A picture that cannot be read is named on stderr; the exit code is then 3.
    """
    from artstyle.search.folder import IndexFolder

    if "://" in out:
        raise UsageError(f"--out {out}: an index is a folder of this machine; name one")
    folder = IndexFolder(Path(out))
    if not paths:
        if not draw_map:
            raise UsageError("name the pictures: artstyle index PICTURES --out INDEX")
        _draw_map(folder)
        return
    where = Where(run, engine, device, on, address)
    shards_out = f"{folder.path}/shards/"
    sharded = require_sharded(
        "index", shards, shards_out, where, overwrite=overwrite, resume=resume
    )
    if not sharded or not Path(shards_out).is_dir():
        folder.require_free(overwrite=overwrite, resume=resume)
    if resume and folder.is_whole:
        say(f"{out} is whole: there is nothing to resume")
        if draw_map:
            _draw_map(folder)
        raise typer.Exit

    from artstyle.engines import find_model

    skipped = Skipped(list_skipped)
    source = pictures_of(paths, images, path_column, id_column, skipped)
    if sharded:
        require_one_source(paths, source)
    found = find_model(run, *where.here, needs=("features",), note=warn)
    say_starter(found.run)
    name_styles_by(found.vocabulary())

    model = found.load()
    say_notes(model)
    if sharded:
        built = _in_shards(sharded, folder, found, model, (paths, source), batch_size)
    else:
        built = _in_one(folder, found, model, source, run, batch_size, resume=resume)
    skipped.say_count()
    _say_built(built, out)
    if draw_map:
        _draw_map(folder)
    if built.failures:
        raise typer.Exit(SOME_FAILED)


def _in_one(
    folder: "IndexFolder",
    found: "FoundModel",
    model: "StyleModel",
    source: Pictures,
    run: str,
    batch_size: int | None,
    *,
    resume: bool,
) -> "Built":
    """Build the index in this process, in the order of the pictures."""
    from artstyle.search.building import build_index

    interrupts.set_resume_hint(
        lambda: f"the embeddings so far are in {folder.path}; run the same command with --resume"
    )
    with live_progress(source.count) as progress:
        return build_index(
            folder,
            model,
            source.stream(model.preprocessing.read_size),
            _knowledge(source),
            run=_name(found, run),
            batch_size=batch_size,
            resume=resume,
            progress=progress,
        )


def _say_built(built: "Built", out: str) -> None:
    from artstyle.pictures.finding import printable
    from artstyle.search.graphs import GRAPH_FROM

    for path, reason in built.failures:
        say(f"not read: {printable(path)}: {reason}")
    say(f"{built.document.works} works in {out}")
    if built.document.works >= GRAPH_FROM and not built.document.graphs:
        say(
            "note: each search compares all of them; an approximate index is faster:"
            " pip install 'artstyle[search]', then make the index again with --overwrite"
        )


def _in_shards(
    sharded: Sharded,
    folder: "IndexFolder",
    found: "FoundModel",
    model: "StyleModel",
    named: tuple[list[str], Pictures],
    batch_size: int | None,
) -> "Built":
    """Make the shards of embeddings that are missing, then join them to the index."""
    from artstyle.archive.index import join_index, known_by_picture
    from artstyle.archive.work import index_work
    from artstyle.search.kinds import embedding_sizes
    from artstyle.search.works import known_of_list, known_of_path

    source, batch_size = named[1], batch_size or model.batch_size
    if source.listed is None:
        known = lambda picture: known_of_path(picture.path)  # noqa: E731
    else:
        says = known_of_list(source.listed)
        known = known_by_picture(zip(source.listed.pictures(), says, strict=True))
    built: list[Built] = []

    def join(shards: "ShardFolder", listing: "Listing", progress: "Progress") -> None:
        sizes, name = embedding_sizes(model), _name(found, sharded.where.run)
        built.append(
            join_index(folder, shards, listing, model, sizes, known, run=name, progress=progress)
        )

    work = partial(index_work, has_records=source.listed is not None)
    engine = sharded.engine(found, model, batch_size, work)
    sharded.make(model, batch_size, {}, named, engine, join)
    return built[0]


def _knowledge(source: Pictures) -> "Knowledge":
    """Return what the collection says of its pictures: its list, else the names of its files."""
    from artstyle.search.works import known_of_list, known_of_path

    if source.listed is None:
        return lambda number, path: known_of_path(path)
    says = known_of_list(source.listed)
    return lambda number, path: says[number]


def _name(found: "FoundModel", run: str) -> str:
    """Return how `similar` finds the model again."""
    from artstyle.runs.finding import STARTER, is_starter

    if found.run is None or found.run.lone:
        return run
    return STARTER if is_starter(found.run) else str(found.run.path)


def _draw_map(folder: "IndexFolder") -> None:
    from artstyle.search.index import open_index
    from artstyle.search.map import write_map

    opened = open_index(folder.path)
    with live_progress() as progress:
        for note in write_map(folder.map_path, opened, progress=progress):
            say(f"note: {note}")
    show(str(folder.map_path))
