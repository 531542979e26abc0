"""Commands whose work is dealt to shards: `predict`, `index` and `gradcam` with --shards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from artstyle import interrupts
from artstyle.cli.options import Engine
from artstyle.cli.pictures import Pictures
from artstyle.cli.terminal.console import live_progress, say
from artstyle.errors import UsageError

if TYPE_CHECKING:
    from artstyle.archive.document import Kind, Option
    from artstyle.archive.folder import ShardFolder
    from artstyle.archive.listing import Listing
    from artstyle.archive.shards import ShardCounts, ShardEngine
    from artstyle.archive.work import LogitsWork, Work
    from artstyle.engines import FoundModel
    from artstyle.models.style_model import StyleModel
    from artstyle.progress import Progress

ShardsOption = Annotated[
    int | None,
    typer.Option(
        "--shards",
        min=1,
        max=99_999,
        help="Write --out as a folder of so many Parquet files; the same command continues.",
    ),
]
OnOption = Annotated[
    Literal["ray"] | None, typer.Option("--on", help="ray: make the shards on a Ray cluster.")
]
AddressOption = Annotated[
    str | None,
    typer.Option("--address", help="The cluster, or auto; if not given, Ray starts here."),
]


@dataclass(frozen=True)
class Where:
    """Where the pictures are answered, as the options ask for it."""

    run: str
    engine: Engine
    device: str | None
    on: str | None = None
    address: str | None = None

    @property
    def here(self) -> tuple[Engine, str]:
        """The engine and the device with which this process loads the model.

        On a cluster the nodes answer: this process needs only what the model is.
        """
        if self.on is None:
            return self.engine, self.device or "auto"
        return (self.engine, "cpu") if self.node_device == "cpu" else ("torch", "cpu")

    @property
    def node_device(self) -> str:
        """What answers on the nodes of a cluster: a GPU only where it is asked for."""
        return "cpu" if self.device in (None, "auto") else self.device


@dataclass(frozen=True)
class Sharded:
    """Work that is dealt to shards, as the options ask for it."""

    kind: "Kind"
    shards: int
    out: str
    where: Where
    overwrite: bool

    def make(
        self,
        model: "StyleModel",
        batch_size: int,
        options: "Mapping[str, Option]",
        named: tuple[list[str], Pictures],
        engine: "ShardEngine",
        finish: "Callable[[ShardFolder, Listing, Progress], None] | None" = None,
    ) -> "ShardCounts":
        """Make the shards that are missing, finish the work, and say what there is.

        Args:
            model: The model, for what the folder records of it.
            batch_size: Pictures per forward pass.
            options: What else is asked for, for the record.
            named: The arguments, and the pictures that they name.
            engine: What makes the shards.
            finish: Called when all are there.
        """
        from artstyle.archive.document import shards_document
        from artstyle.archive.folder import ShardFolder
        from artstyle.archive.places import open_place
        from artstyle.archive.shards import finished_shards
        from artstyle.storage.parquet import import_pyarrow

        import_pyarrow()  # Says so before the work if there is none.
        again = "run the same command again" + (", without --overwrite" if self.overwrite else "")
        interrupts.set_resume_hint(lambda: f"finished shards are in {self.out}; {again}")
        device = model.device if self.where.on is None else self.where.node_device
        paths, source = named
        root = _root(paths, source)
        document = shards_document(
            self.kind, self.shards, model, device, batch_size, root or Path(paths[0]), options
        )
        folder = ShardFolder(open_place(self.out), self.out, document)
        with (
            live_progress() as progress,
            finished_shards(
                folder,
                source.stream(0),
                engine,
                source=root,
                overwrite=self.overwrite,
                progress=progress,
            ) as (listing, counts),
        ):
            if finish is not None:
                finish(folder, listing, progress)
        say(f"{counts.total} rows in {self.shards} shards in {self.out}")
        return counts

    def engine(
        self,
        found: "FoundModel",
        model: "StyleModel",
        batch_size: int,
        work: "Callable[[StyleModel], LogitsWork | Work]",
    ) -> "ShardEngine":
        """Return what makes the shards: this process, or a cluster."""
        if self.where.on is None:
            from artstyle.archive.shards import on_this_machine

            return on_this_machine(work, model, batch_size)

        from artstyle.archive.document import engine_of
        from artstyle.archive.ray_cluster import NodeModel, on_ray

        where = self.where
        name = found.lasting_name(where.run)
        node = NodeModel(name, engine_of(model), where.node_device, model.fingerprint)
        return on_ray(work, model, batch_size, node, where.address)


def require_sharded(
    kind: "Kind",
    shards: int | None,
    out: str | None,
    where: Where,
    *,
    overwrite: bool = False,
    resume: bool = False,
) -> Sharded | None:
    """Return what is asked for with --shards; None without it.

    Args:
        kind: The command.
        shards: The option, like the others.
        out: A path or an address.
        where: Where the pictures are to be answered.
        overwrite: Make all shards again.
        resume: Refused: shards continue by themselves.

    Raises:
        UsageError: Options contradict each other, or --out is not a folder.
    """
    on, address = where.on, where.address
    if address is not None and on is None:
        raise UsageError("--address names a Ray cluster: say --on ray too")
    if on and where.engine == "onnx" and where.node_device != "cpu":
        raise UsageError(f"ONNX files run on a CPU only; leave --device {where.device} out")
    if shards is None:
        if on is not None:
            raise UsageError("--on ray makes shards: say how many with --shards")
        if out is not None and "://" in out:
            raise UsageError(f"--out {out}: only shards are written to an address; say --shards N")
        return None
    if out is None:
        raise UsageError("--shards writes a folder: name it with --out, as --out answers/")
    if resume:
        raise UsageError("--shards continues by itself; leave out --resume")
    is_folder = out.endswith("/") or "://" in out or Path(out).is_dir()
    if not is_folder and Path(out).suffix:
        raise UsageError(f"--shards writes a folder; name it with a slash: --out {out}/")
    return Sharded(kind, shards, out, where, overwrite)


def require_one_source(paths: list[str], source: Pictures) -> None:
    """Refuse what cannot be dealt to shards.

    Raises:
        UsageError: There are several sources, or the pictures come from the web.
    """
    if len(paths) > 1:
        raise UsageError(
            f"--shards deals one source: a folder, a pattern in quotes, or a list; {len(paths)} are"
            " named"
        )
    if source.is_iiif:
        raise UsageError("--shards deals files; answer IIIF manifests into one file")


def _root(paths: list[str], source: Pictures) -> Path | None:
    """Return the folder that identifiers are relative to."""
    if source.listed is not None:
        return source.listed.images
    return Path(paths[0]) if Path(paths[0]).is_dir() else None
