"""Options that several commands share, each written once."""

from pathlib import Path
from typing import Annotated, Literal

import typer

DEFAULT_DATA = Path("data/processed")
DEFAULT_RUNS = Path("runs")

SOME_FAILED = 3
"""The exit code when the work is done, but some pictures failed."""

RunOption = Annotated[
    str,
    typer.Option("--run", help="A run: its folder, its name in runs/, 'latest', or a checkpoint."),
]
IndexRunOption = Annotated[
    str | None,
    typer.Option(
        "--run",
        help="A run: its folder, its name in runs/, 'latest' (default), or a checkpoint; with"
        " --index, the model that made it.",
    ),
]
PathsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH", help="Files, folders, globs in quotes, or - for a list on stdin."
    ),
]
SourceFormatOption = Annotated[
    str | None,
    typer.Option("--format", help="The format of the source; recognised if not given."),
]
ListsOption = Annotated[
    Path | None, typer.Option("--lists", help="The folder of WikiArt's official lists.")
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace what already exists at --out.")
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Continue an --out that was not finished.")
]
ConfigOption = Annotated[
    str | None, typer.Option("--config", help="A YAML file, or the name of a recipe.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key: optim.lr=1e-3. Repeatable."),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option("--columns", metavar="NAMES", help="Columns of a table: path=File,style=Label."),
]
ImagesOption = Annotated[
    Path | None, typer.Option("--images", help="The folder that a table's paths start from.")
]
TargetOption = Annotated[
    str | None,
    typer.Option("--target", metavar="COLUMN", help="What to recognise: style, artist, genre ..."),
]
AllowAbsoluteOption = Annotated[
    bool, typer.Option("--allow-absolute", help="Read a table's absolute paths as they are.")
]
PathColumnOption = Annotated[
    str | None,
    typer.Option("--path-column", metavar="NAME", help="A list's column of paths; guessed."),
]
IdColumnOption = Annotated[
    str | None,
    typer.Option(
        "--id-column", metavar="NAME", help="A list's column of accession numbers; guessed."
    ),
]
DeviceOption = Annotated[
    str | None, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")
]
Engine = Literal["auto", "torch", "onnx"]
EngineOption = Annotated[
    Engine,
    typer.Option("--engine", help="auto: the run's model.onnx on a CPU, else torch."),
]
BatchSizeOption = Annotated[
    int | None, typer.Option("--batch-size", min=1, help="Pictures at a time.")
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed for all random choices.")
]
ListSkippedOption = Annotated[
    bool, typer.Option("--list-skipped", help="Name each file that is passed over, on stderr.")
]
TopKOption = Annotated[int, typer.Option("--top-k", min=1, help="How many styles to name.")]
