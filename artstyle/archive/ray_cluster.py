"""Shards made by a Ray cluster: the model in actors, which decode too on nodes without a GPU.

Ray Data is given a table for each chunk of a shard. A chunk is a few batches, so batches are those
of one process, and so are the answers, to the last bit. Where a worker or a node dies, Ray Data
computes its chunks again. This process writes a shard when its last chunk is there.
"""

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from socket import create_connection
from typing import Any

import numpy as np
from PIL import Image

from artstyle.archive.folder import Row, ShardColumn, ShardFolder, schema_of, tables_of
from artstyle.archive.listing import ListedPicture, Listing, digest_of, parse_lines
from artstyle.archive.shards import STAGE, ShardEngine
from artstyle.archive.work import LogitsWork, Work
from artstyle.engines import Engine, find_model
from artstyle.errors import ArtstyleError, MissingError, RunError, one_line
from artstyle.inference import Prepared, batches, predict_prepared, prepare_image
from artstyle.models.style_model import StyleModel
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.square import square_transform
from artstyle.prediction.predict import read_picture
from artstyle.progress import Progress
from artstyle.storage.parquet import import_pyarrow

MakeWork = Callable[[StyleModel], LogitsWork | Work]

_CHUNK_PICTURES = 64
"""About 10 MB of pixels at 224, and a second of one core's work: little is lost with a worker."""
_WAVE_PICTURES = 1_000_000
"""So many paths are held by Ray at once, 130 MB; then its actors begin again."""


@dataclass(frozen=True)
class NodeModel:
    """The model that every node loads for itself."""

    name: str
    """A name that means the same on every node: an absolute path, or ``starter``."""
    engine: Engine
    device: str
    fingerprint: str

    def load(self) -> StyleModel:
        """Load it.

        Raises:
            RunError: This node has another model under the name.
        """
        model = find_model(self.name, self.engine, self.device).load()
        if model.fingerprint != self.fingerprint:
            raise RunError(
                f"a node of the cluster has another model at {self.name}: {model.fingerprint}, not"
                f" {self.fingerprint}; copy the run to every node, or share its folder"
            )
        return model


def on_ray(
    work: MakeWork, model: StyleModel, batch_size: int, node: NodeModel, address: str | None = None
) -> ShardEngine:
    """Return the engine that makes shards on a Ray cluster.

    Every node must see the pictures and the run under the same paths.

    Args:
        work: Returns the work of a model; it travels to the nodes.
        model: The same model in this process, for what it says of itself.
        batch_size: Pictures per forward pass; batches begin with the shard.
        node: How nodes load the model.
        address: The cluster's; None starts one on this machine.

    Raises:
        MissingError: Ray is not installed, or no cluster is at the address.
    """
    ray = _import_ray()

    def make(
        folder: ShardFolder, listing: Listing, shards: Sequence[int], progress: Progress
    ) -> None:
        chunk = max(1, _CHUNK_PICTURES // batch_size) * batch_size
        here = work(model)
        # Heatmaps are drawn on the picture itself: what draws them reads it too.
        decodes = isinstance(here, LogitsWork)
        prepare = Decoding(model.preprocessing, str(Path.cwd())) if decodes else None
        columns = here.columns
        for shard in shards:
            if not listing.counts[shard]:
                folder.write(shard, columns, [], digest_of([]))
        done = sum(listing.counts) - sum(listing.counts[shard] for shard in shards)
        full = [shard for shard in shards if listing.counts[shard]]
        if not full:
            return
        with _connected(ray, address), _errors_of_nodes():
            for wave in _waves(listing, full):
                chunks = chunks_of(listing, wave, chunk)
                answers = _answered(ray, chunks, work, prepare, node, batch_size)
                done = write_chunks(folder, listing, columns, _arriving(answers), done, progress)

    return make


def _import_ray() -> Any:
    # Ray reports its use to its makers unless told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import_module("ray.data")
        return import_module("ray")
    except ImportError:
        raise MissingError(
            '--on ray needs Ray, which is not installed: pip install "artstyle[ray]"'
        ) from None


@contextmanager
def _connected(ray: Any, address: str | None) -> Iterator[None]:
    """Connect to a cluster, unless this process is connected already."""
    import_module("ray.data").DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    if ray.is_initialized():
        yield
        return
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address:
            _require_open(address)
        # Without "local", Ray would first wait minutes for a cluster that was killed here before.
        here = {} if address else {"include_dashboard": False}
        ray.init(address=address or "local", **quiet, **here)
    except (OSError, ValueError, RuntimeError) as error:
        raise MissingError(
            f"no Ray cluster at {address}: {one_line(error)[:200]}; start one with 'ray start"
            " --head', or leave out --address"
        ) from None
    try:
        yield
    finally:
        ray.shutdown()


def _require_open(address: str) -> None:
    """Raise an OSError where nothing listens: Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        with create_connection((host, int(port)), timeout=10):
            pass


def _waves(listing: Listing, shards: Sequence[int]) -> Iterator[list[int]]:
    """Yield lists of shards, each with at most so many pictures, or of one shard."""
    wave: list[int] = []
    size = 0
    for shard in shards:
        if wave and size + listing.counts[shard] > _WAVE_PICTURES:
            yield wave
            wave, size = [], 0
        wave.append(shard)
        size += listing.counts[shard]
    if wave:
        yield wave


def chunks_of(listing: Listing, shards: Sequence[int], chunk: int) -> list[Any]:
    """Return a table of Arrow for each chunk: what one call decodes and answers."""
    pyarrow = import_pyarrow()
    return [
        pyarrow.table({"shard": [shard], "chunk": [number], "lines": [lines]})
        for shard in shards
        for number, lines in enumerate(batches(listing.lines(shard), chunk))
    ]


def _answered(
    ray: Any,
    chunks: list[Any],
    work: MakeWork,
    prepare: "Decoding | None",
    node: NodeModel,
    size: int,
) -> Any:
    """Return the dataset of answers: a row for each chunk, in any order."""
    data, actor = import_module("ray.data"), {"batch_size": 1, "batch_format": "pyarrow"}
    cores, gpus = (int(ray.cluster_resources().get(name, 0)) for name in ("CPU", "GPU"))
    chunked = data.from_arrow(chunks)
    # On a CPU an actor decodes too: each core reads and computes in turn, and no pixels travel.
    on_gpu = node.device != "cpu"
    if on_gpu and prepare:
        chunked, prepare = chunked.map_batches(prepare, num_cpus=1, **actor), None
    share = {"num_gpus": 1, "num_cpus": 0} if on_gpu else {"num_cpus": 1}
    number = max(1, gpus if on_gpu else cores)
    return chunked.map_batches(
        Answerer,
        fn_constructor_args=(work, node, size, prepare),
        compute=data.ActorPoolStrategy(size=number, max_tasks_in_flight_per_actor=2),
        **actor,
        **share,
    )


@dataclass(frozen=True)
class Decoding:
    """Turns the paths of a chunk into pixels."""

    preprocessing: Preprocessing
    base: str
    """The folder that relative paths start from."""

    def __call__(self, chunk: Any) -> Any:
        """Return a chunk with the pixels of its readable pictures, and errors of the others."""
        pyarrow, square = import_pyarrow(), square_transform(self.preprocessing)
        (lines,) = chunk.column("lines").to_pylist()
        prepared = [prepare_image(each, self._read, square)[1] for each in parse_lines(lines)]
        pixels = b"".join(value.tobytes() for value in prepared if not isinstance(value, str))
        errors = [value if isinstance(value, str) else None for value in prepared]
        return chunk.append_column(
            "errors", pyarrow.array([errors], pyarrow.list_(pyarrow.string()))
        ).append_column("pixels", pyarrow.array([pixels], pyarrow.large_binary()))

    def _read(self, listed: ListedPicture) -> Image.Image:
        found = listed.picture
        return read_picture(replace(found, path=Path(self.base, found.path)), self.preprocessing)


class Answerer:
    """A model in an actor: it is loaded once and answers chunk after chunk.

    Args:
        work: Returns the work of a model.
        node: The model.
        batch_size: Pictures per forward pass.
        prepare: Decodes chunks that come without pixels.
    """

    def __init__(
        self, work: MakeWork, node: NodeModel, batch_size: int, prepare: Decoding | None
    ) -> None:
        self._open, self._model = ExitStack(), node.load()
        self._work = work(self._model)
        if isinstance(self._work, LogitsWork):  # Heatmaps open the model as they need it.
            self._model = self._open.enter_context(self._model.opened())
        self._batch_size = batch_size
        self._prepare = prepare

    def __call__(self, chunk: Any) -> Any:
        """Return the rows of a chunk as a table of Arrow in bytes."""
        pyarrow = import_pyarrow()
        rows = list(self._rows(chunk))
        sink = pyarrow.BufferOutputStream()
        with pyarrow.ipc.new_stream(sink, schema_of(self._work.columns)) as writer:
            for table in tables_of(rows, self._work.columns):
                writer.write_table(table)
        content = pyarrow.array([sink.getvalue().to_pybytes()], pyarrow.large_binary())
        return chunk.select(["shard", "chunk"]).append_column("rows", content)

    def _rows(self, chunk: Any) -> Iterator[Row]:
        if isinstance(self._work, Work):
            (lines,) = chunk.column("lines").to_pylist()
            yield from self._work.rows(parse_lines(lines))
            return
        chunk = self._prepare(chunk) if self._prepare else chunk
        for batch in batches(_prepared(chunk, self._model.preprocessing), self._batch_size):
            for prediction in predict_prepared(self._model, batch, self._work.outputs):
                yield self._work.row(prediction)


def _prepared(chunk: Any, preprocessing: Preprocessing) -> Iterator[Prepared[ListedPicture]]:
    side = preprocessing.image_size
    content = chunk.column("pixels")[0].as_buffer()
    images = iter(np.frombuffer(content, np.uint8).reshape(-1, side, side, 3))
    (lines,), (errors,) = chunk.column("lines").to_pylist(), chunk.column("errors").to_pylist()
    for listed, error in zip(parse_lines(lines), errors, strict=True):
        yield listed, next(images) if error is None else error


def write_chunks(
    folder: ShardFolder,
    listing: Listing,
    columns: Sequence[ShardColumn],
    arriving: Iterable[tuple[int, int, Any]],
    done: int,
    progress: Progress,
) -> int:
    """Write each shard when all its rows have come; return how many pictures are done."""
    waiting: defaultdict[int, dict[int, Any]] = defaultdict(dict)
    for shard, chunk, table in arriving:
        waiting[shard][chunk] = table
        done += len(table)
        if sum(map(len, waiting[shard].values())) == listing.counts[shard]:
            tables = [table for _, table in sorted(waiting.pop(shard).items())]
            folder.write(shard, columns, tables, digest_of(listing.lines(shard)))
        progress(STAGE, done, sum(listing.counts))
    assert not waiting, "rows were lost"
    return done


def _arriving(answers: Any) -> Iterator[tuple[int, int, Any]]:
    """Yield the chunks as they come: shard, number, rows."""
    for batch in answers.iter_batches(batch_size=None, batch_format="pyarrow"):
        for shard, chunk, content in zip(
            *map(batch.column, ("shard", "chunk", "rows")), strict=True
        ):
            yield shard.as_py(), chunk.as_py(), rows_of(content.as_buffer())


def rows_of(content: Any) -> Any:
    """Return the table that `Answerer` gave in bytes."""
    return import_pyarrow().ipc.open_stream(content).read_all()


@contextmanager
def _errors_of_nodes() -> Iterator[None]:
    """Let an error of artstyle on a node be the same error here, on one line."""
    try:
        yield
    except import_module("ray.exceptions").RayError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ArtstyleError):
            cause = getattr(cause, "cause", None) or cause.__cause__
        raise cause or ArtstyleError(f"the Ray cluster failed: {one_line(error)[-300:]}") from None
