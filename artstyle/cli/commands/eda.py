"""`artstyle eda`: look at a collection before learning from it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artstyle.cli.options import (
    SOME_FAILED,
    ColumnsOption,
    ConfigOption,
    ImagesOption,
    ListSkippedOption,
    ListsOption,
    SeedOption,
    SetOption,
    SourceFormatOption,
)
from artstyle.cli.terminal.console import live_progress, say, say_skipped, show_places, warn

if TYPE_CHECKING:
    from artstyle.config import DataConfig
    from artstyle.eda.collection import Collection
    from artstyle.eda.explore import Explored
    from artstyle.pictures.preprocessing import Preprocessing

DataArgument = Annotated[
    Path, typer.Argument(help="Style folders, a manifest, Parquet, or a dataset folder.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Where to write; DATA/eda for a dataset folder, else eda/NAME."),
]
SampleOption = Annotated[
    int, typer.Option("--sample", min=1, help="Pictures to decode at most, over all styles.")
]

_LISTED = 5


def eda(
    data: DataArgument,
    out: OutOption = None,
    source_format: SourceFormatOption = None,
    lists: ListsOption = None,
    columns: ColumnsOption = None,
    images: ImagesOption = None,
    sample: SampleOption = 3000,
    list_skipped: ListSkippedOption = False,
    config: ConfigOption = None,
    overrides: SetOption = None,
    seed: SeedOption = None,
) -> None:
    """Draw what a collection looks like: figures, a JSON and one HTML page."""
    from artstyle.recipes import resolve_config

    flags: dict[str, tuple[str, object]] = {"seed": ("--seed", seed)}
    settings = resolve_config("finetune", config, overrides or (), flags).config

    from artstyle.data.dataset import DatasetFolder
    from artstyle.eda.collection import open_collection
    from artstyle.preparation.tables.columns import parse_columns
    from artstyle.styles.vocabulary import name_styles_by, read_vocabulary

    dataset = DatasetFolder(data)
    is_dataset = dataset.description_path.is_file()
    vocabulary = dataset.vocabulary() if is_dataset else read_vocabulary(settings.styles.file)
    name_styles_by(vocabulary)

    found = open_collection(
        data,
        settings.balance,
        settings.seed,
        format=source_format,
        lists=lists,
        columns=parse_columns(columns) if columns else {},
        images=images,
        vocabulary=vocabulary,
        labels=settings.labels,
    )
    folder = out or (data / "eda" if found.is_dataset else Path("eda") / data.resolve().stem)

    from artstyle.eda.explore import explore

    with live_progress() as progress:
        explored = explore(
            found,
            settings,
            _preprocessing(settings.data, data, settings.model.name),
            folder,
            sample=sample,
            recipe=config or "",
            progress=progress,
        )
    say_skipped(found.skipped if list_skipped else ())
    _say_result(found, explored)
    if explored.unreadable:
        raise typer.Exit(SOME_FAILED)


def _say_result(found: "Collection", explored: "Explored") -> None:
    for note in found.notes:
        say(f"note: {note}")
    show_places(
        f"{len(found.paintings)} paintings, {explored.measured} of them decoded:",
        {
            "page": explored.page,
            "numbers": explored.numbers,
            "figures": explored.page.parent / "*.png",
        },
    )
    if explored.unreadable:
        for item in explored.unreadable[:_LISTED]:
            warn(f"{item.path}: {item.detail}")
        warn(f"{len(explored.unreadable)} pictures could not be read; {explored.page} lists them")


def _preprocessing(asked: "DataConfig", data: Path, model: str) -> "Preprocessing":
    """Return the preprocessing of the configured model."""
    from artstyle.data.dataset import DatasetFolder
    from artstyle.models.zoo import (
        MODELS,
        backbone_name,
        build_preprocessing,
        member_names,
        require_model,
    )

    require_model(model)
    # What timm/NAME needs is known only once it is built; ImageNet's values are the best guess.
    spec = MODELS.get(backbone_name(member_names(model)[0]), MODELS["resnet50"])
    dataset = DatasetFolder(data)
    prepared = dataset.data_config if dataset.description_path.is_file() else asked
    return build_preprocessing(spec, asked, prepared)
