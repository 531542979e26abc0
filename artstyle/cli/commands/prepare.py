"""`artstyle prepare`: from a folder of paintings to a dataset folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artstyle import interrupts
from artstyle.cli.options import (
    DEFAULT_DATA,
    SOME_FAILED,
    AllowAbsoluteOption,
    ColumnsOption,
    ConfigOption,
    IdColumnOption,
    ImagesOption,
    ListSkippedOption,
    ListsOption,
    OverwriteOption,
    PathColumnOption,
    SeedOption,
    SetOption,
    SourceFormatOption,
    TargetOption,
)
from artstyle.cli.terminal.console import (
    live_progress,
    say,
    say_skipped,
    show,
    show_places,
    show_table,
    warn,
)

if TYPE_CHECKING:
    from artstyle.config import Config
    from artstyle.preparation.prepare import Plan, Prepared

_LISTED = 5


def prepare(
    source: Annotated[
        Path,
        typer.Argument(help="Style folders, a list with styles, WikiArt's lists, or Parquet."),
    ],
    out: Annotated[Path, typer.Option("--out", help="The dataset folder.")] = DEFAULT_DATA,
    source_format: SourceFormatOption = None,
    lists: ListsOption = None,
    target: TargetOption = None,
    columns: ColumnsOption = None,
    images: ImagesOption = None,
    allow_absolute: AllowAbsoluteOption = False,
    path_column: PathColumnOption = None,
    id_column: IdColumnOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")
    ] = False,
    overwrite: OverwriteOption = False,
    list_skipped: ListSkippedOption = False,
    seed: SeedOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """Make a dataset folder: read every picture once, find copies, balance, split.

    Files that cannot be read are listed in rejected.csv; the exit code is then 3.
    """
    settings = _settings(config, overrides or [], seed, target)

    from artstyle.preparation.prepare import plan
    from artstyle.preparation.prepare import prepare as prepare_dataset
    from artstyle.preparation.tables.columns import parse_columns
    from artstyle.styles.vocabulary import name_styles_by, read_vocabulary

    name_styles_by(read_vocabulary(settings.styles.file))
    named = parse_columns(columns) if columns else {}
    named |= {c: n for c, n in {"path": path_column, "id": id_column}.items() if n is not None}
    if dry_run:
        planned = plan(
            source,
            out,
            settings,
            format=source_format,
            lists=lists,
            columns=named,
            images=images,
            allow_absolute=allow_absolute,
            overwrite=overwrite,
        )
        _show_plan(planned, out)
        say_skipped(planned.source.skipped if list_skipped else ())
        return
    interrupts.set_resume_hint(lambda: "run the same command again: what was read is kept")
    with live_progress() as progress:
        prepared = prepare_dataset(
            source,
            out,
            settings,
            format=source_format,
            lists=lists,
            columns=named,
            images=images,
            allow_absolute=allow_absolute,
            overwrite=overwrite,
            progress=progress,
        )
    _show(prepared)
    say_skipped(prepared.skipped if list_skipped else ())
    if prepared.unreadable:
        raise typer.Exit(SOME_FAILED)


def _settings(
    config: str | None, overrides: list[str], seed: int | None, target: str | None
) -> "Config":
    from artstyle.preparation.describe import is_used
    from artstyle.recipes import config_keys, require_sections, resolve_config

    require_sections(overrides, [key for key in config_keys() if not is_used(key)], "train")
    flags: dict[str, tuple[str, object]] = {
        "seed": ("--seed", seed),
        "labels.target": ("--target", target),
    }
    return resolve_config(None, config, overrides, flags).config


def _show(prepared: "Prepared") -> None:
    from artstyle.preparation.summary import (
        artist_sentences,
        left_out_sentences,
        source_sentences,
        split_sentence,
        style_columns,
        style_rows,
    )

    dataset, description = prepared.dataset, prepared.dataset.description
    columns = style_columns(description)
    show_table("", columns, style_rows(description), numbers=columns[1:])
    show(split_sentence(description))
    for sentence in [*source_sentences(description), *artist_sentences(description)]:
        show(sentence)
    for note in description.notes:
        say(f"note: {note}")
    for sentence in left_out_sentences(description):
        say(f"left out: {sentence}")
    for path, reason in prepared.unreadable[:_LISTED]:
        warn(f"{path}: {reason}")
    if len(prepared.unreadable) > _LISTED:
        warn(f"{len(prepared.unreadable)} files cannot be read; {dataset.rejected_path} lists them")
    show_places(
        "Written:",
        {
            "data set": dataset.path,
            "summary": dataset.path / "summary.md",
            "left out": dataset.rejected_path,
        },
    )
    if len(dataset.labels) > 1:
        data = "" if dataset.path == DEFAULT_DATA else f" --data {dataset.path}"
        say(f"Next: artstyle probe{data}")


def _show_plan(plan: "Plan", out: Path) -> None:
    from artstyle.styles.vocabulary import display_name

    found = len(plan.source.images)
    rows = [
        (display_name(style), f"{plan.found[style]:,}", f"{kept:,}")
        for style, kept in plan.kept.items()
    ]
    rows.append((f"all {plan.labels.plural}", f"{found:,}", f"{plan.taking_part:,}"))
    show_table(
        "", (plan.labels.target, "found", "kept by balance"), rows, ("found", "kept by balance")
    )
    show(f"format: {plan.source.format}; split by: {plan.group}")
    if plan.source.missing:
        show(f"{plan.source.missing:,} listed names are not there")
    show(f"{found - plan.unchanged:,} pictures would be read, {plan.unchanged:,} are unchanged")
    for note in plan.notes:
        say(f"note: {note}")
    show(f"{out} would be written; nothing was (--dry-run)")
