"""The page of a run: model, data, scores, and how far to trust them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from artstyle.config import Config, TrainConfig
from artstyle.data.dataset import DatasetFolder, is_decided
from artstyle.data.description import SplitDescription
from artstyle.data.manifest import SPLITS
from artstyle.evaluation.charts import calibration_blocks, confusion_table, style_drawing
from artstyle.evaluation.document import REPORT_NAME, EvaluationReport
from artstyle.evaluation.several_labels.document import LabelReport
from artstyle.evaluation.several_labels.page import label_scores, labels_headline, labels_measured
from artstyle.evaluation.trust import how_far_to_trust
from artstyle.evaluation.wording import headline, how_measured, style_table
from artstyle.explain.folder import HeatmapFolder
from artstyle.explain.index import HOW_TO_READ, common_folder, heatmap_picture, name_within
from artstyle.models.zoo import weights_at_start
from artstyle.presentation.curves import draw_panels
from artstyle.presentation.drawings import svg
from artstyle.presentation.pages import (
    Block,
    Cell,
    Content,
    Drawing,
    Facts,
    Folded,
    Gallery,
    Picture,
    Prose,
    Row,
    Section,
    Table,
    thumbnail,
    write_page,
)
from artstyle.recipes import config_keys, config_values, flatten, key_sentences
from artstyle.runs.environment import RunEnvironment
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import remove_unfinished
from artstyle.styles.vocabulary import display_name

HEATMAPS_SHOWN = 24
_ERRORS_PX = 1100
_TEST = "test"

_Report = EvaluationReport | LabelReport


def write_run_report(run: RunFolder, out: Path | None = None) -> Path:
    """Write the page of a run to ``out`` (default: ``report.html`` in its folder) and return where.

    The page shows what the run folder holds now. Write it again to include later evaluations and
    heatmaps. Everything is in the one file, and no link leads out of it: it can be mailed.

    Raises:
        ArtstyleError: A file of the run is missing or damaged.
    """
    remove_unfinished(run.path, run.report_path.suffix)
    config, environment, history = run.config(), run.environment(), run.history()
    data = _data_of(environment)
    evaluations = _evaluations(run)
    sections = [
        Section("Summary", _in_short(run, config, history, evaluations)),
        Section("How far to trust it", _trust(evaluations)),
        Section("Data", _data(environment, data)),
        Section("Training", _training(history, environment)),
        *(
            Section(f"Evaluation on {split}", _evaluation(run.evaluation_path(split), report))
            for split, report in evaluations.items()
        ),
        *_heatmaps(run),
        Section("Configuration", _configuration(config, data)),
        Section("Environment", _environment(environment)),
    ]
    subtitle = f"{config.model.name}, begun {environment.started[:16].replace('T', ' ')}"
    path = out or run.report_path
    write_page(path, f"Run {run.name}", subtitle, sections)
    return path


def _data_of(environment: RunEnvironment) -> DatasetFolder | None:
    """Return the data set of the run; None if it is gone or has changed."""
    recorded = environment.dataset
    data = DatasetFolder(Path(recorded.path))
    known = data.description_path.is_file() and data.fingerprint == recorded.fingerprint
    return data if known else None


def _evaluations(run: RunFolder) -> dict[str, _Report]:
    """Return the evaluations in the run folder, test first."""
    paths = {split: run.evaluation_path(split) / REPORT_NAME for split in reversed(SPLITS)}
    kind = LabelReport if run.config().labels.multi else EvaluationReport
    return {split: kind.read(path) for split, path in paths.items() if path.is_file()}


def _headline(report: _Report) -> list[Block]:
    return labels_headline(report) if isinstance(report, LabelReport) else headline(report)


def _in_short(
    run: RunFolder,
    config: Config,
    history: Sequence[Mapping[str, str]],
    evaluations: Mapping[str, _Report],
) -> list[Block]:
    facts: dict[str, Any] = {
        "model": config.model.name,
        "weights at the start": weights_at_start(config.model.name, config.model.weights),
        "styles": len(run.labels()),
    }
    if history:
        kept = _kept(history, config.train)
        score = float(kept[f"val_{config.train.monitor}"])
        facts["epoch used"] = f"{kept['epoch']} of {len(history)}, the {config.train.keep}"
        facts[f"validation {config.train.monitor.replace('_', ' ')}"] = score
    if _TEST not in evaluations:
        hint = f"Not evaluated on its test split yet. To do so: artstyle evaluate --run {run.path}"
        return [Facts(facts), Prose(hint)]
    return [Facts(facts), Prose("On the test split:"), *_headline(evaluations[_TEST])]


def _kept(history: Sequence[Mapping[str, str]], train: TrainConfig) -> Mapping[str, str]:
    """Return the epoch whose weights are used: the last, or the first with the highest score."""
    if train.keep == "last":
        return history[-1]
    return max(history, key=lambda row: float(row[f"val_{train.monitor}"]))


def _trust(evaluations: Mapping[str, _Report]) -> list[Block]:
    if _TEST in evaluations:
        report = evaluations[_TEST]
        if isinstance(report, LabelReport):
            return labels_measured(report)
        return how_far_to_trust(report)
    return [
        Prose(
            "Only validation scores are known. They chose the checkpoint, so they are a little too"
            " high. Do not quote them; evaluate the run on its test split first."
        )
    ]


def _data(environment: RunEnvironment, data: DatasetFolder | None) -> list[Block]:
    recorded = environment.dataset
    facts = Facts({"folder": recorded.path, "fingerprint": recorded.fingerprint[:12]})
    if data is None:
        gone = "This data set is no longer there, or has changed. No more is known about it."
        return [facts, Prose(gone)]
    about, notes = data.description.split, data.description.notes
    totals = Facts({**about.totals.to_dict(), "split by": about.group})
    return [
        facts,
        totals,
        *_on_artists(about),
        *(Prose(f"Note: {note}") for note in notes),
        Folded("Pictures of each style", [_count_table(about)]),
    ]


def _on_artists(about: SplitDescription) -> Iterator[Prose]:
    """Say for each split how much the artists' names give away, where they are known."""
    overlaps, oracles = about.artist_overlap, about.artist_oracle
    parts = {"val": (overlaps.val, oracles.val), "test": (overlaps.test, oracles.test)}
    for split, (overlap, oracle) in parts.items():
        if overlap is not None and oracle is not None:
            yield Prose(
                f"{overlap:.1%} of the {split} pictures with a known artist are by artists who are"
                " also in train. Someone who sees only the artists' names, not the pictures, would"
                f" get {oracle.accuracy:.1%} right."
            )


def _count_table(about: SplitDescription) -> Table:
    rows: list[list[Content]] = [
        [display_name(style), counts.train, counts.val, counts.test]
        for style, counts in about.counts.items()
    ]
    totals = about.totals
    rows.append(["all styles", totals.train, totals.val, totals.test])
    return Table(["style", *SPLITS], rows)


def _training(history: Sequence[Mapping[str, str]], environment: RunEnvironment) -> list[Block]:
    if not history:
        return [Prose("No epoch was finished.")]
    curves = [
        Drawing(svg(figure, f"curve{number}"), f"{title} over epochs")
        for number, (title, figure) in enumerate(draw_panels(history).items())
    ]
    seconds = sum(float(row["seconds"] or 0) for row in history)
    facts: dict[str, Any] = {"epochs": len(history), "training": f"{seconds / 60:.1f} minutes"}
    if environment.parameters:
        facts["parameters"] = environment.parameters.total
        facts["trainable at the end"] = environment.parameters.learning
    columns = list(history[0])
    rows = [[row[column] for column in columns] for row in history]
    return [
        Row(curves),
        Facts(facts),
        Folded("Epoch by epoch", [Table([name.replace("_", " ") for name in columns], rows)]),
    ]


def _evaluation(folder: Path, report: _Report) -> list[Block]:
    again = [] if folder.name == _TEST else _headline(report)
    if isinstance(report, LabelReport):
        return [*again, *label_scores(report)]
    page = f"evaluation/{folder.name}/report.html"
    errors = folder / "errors.png"
    alt = "The wrong answers that the model was surest of, with true and predicted style"
    sure = calibration_blocks(report)
    if errors.is_file():
        sure.append(Picture(thumbnail(errors, _ERRORS_PX), alt))
    return [
        *again,
        Prose(f"Every picture is on another page of the run folder: {page}"),
        confusion_table(report),
        Folded("Scores by style", [style_drawing(report), style_table(report)]),
        Folded("How sure, how often right; surest errors", sure),
        Folded("How this was measured", how_measured(report)),
    ]


def _heatmaps(run: RunFolder) -> Iterator[Section]:
    """Yield a section if there are heatmaps."""
    folder = HeatmapFolder(run.gradcam_path)
    records = folder.records() if folder.records_path.is_file() else []
    drawn = [record for record in records if (folder.path / record.overlay).is_file()]
    if not drawn:
        return
    within = common_folder(drawn)
    pictures = [
        heatmap_picture(folder.path, record, name=name_within(record, within))
        for record in drawn[:HEATMAPS_SHOWN]
    ]
    title = f"{len(pictures)} of {len(drawn)} heatmaps"
    index = f"{run.gradcam_path.name}/{folder.index_path.name}"
    words = Prose(f"{HOW_TO_READ} All heatmaps are on another page of the run folder: {index}")
    yield Section("Heatmaps", [words, Gallery(title, pictures, open=True)])


def _configuration(config: Config, data: DatasetFolder | None) -> list[Block]:
    values, defaults = config_values(config), config_values(Config())
    chosen = {key: value for key, value in values.items() if not is_decided(key)}
    if data is not None:
        chosen |= _prepared_values(data)
    changed = {key: value for key, value in chosen.items() if value != defaults[key]}
    few = f"{len(changed)} of {len(chosen)} keys differ from their defaults"
    return [
        Folded(few, [_key_table(changed, defaults)]) if changed else Prose(f"{few}."),
        Folded("All keys", [_key_table(chosen, defaults)]),
    ]


def _prepared_values(data: DatasetFolder) -> dict[str, object]:
    """Return the keys that `prepare` decided, as the data set recorded them."""
    recorded = dict(flatten(data.description.config.to_dict()))
    return {key: recorded[key] for key in config_keys() if is_decided(key) and key in recorded}


def _key_table(values: Mapping[str, object], defaults: Mapping[str, object]) -> Table:
    sentences = key_sentences()
    rows: list[list[Content]] = [
        [
            key,
            Cell(_plain(value), shade=0 if value == defaults[key] else 0.35),
            _plain(defaults[key]),
            sentences[key],
        ]
        for key, value in values.items()
    ]
    return Table(["key", "value", "default", "what it means"], rows)


def _plain(value: object) -> str:
    """Return a value as YAML would have it."""
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _environment(environment: RunEnvironment) -> list[Block]:
    git = environment.git
    facts: dict[str, str | int] = {
        "device": f"{environment.device} ({environment.device_name})",
        "processes": environment.processes,
        "threads": environment.threads,
        "seed": environment.seed,
        "platform": environment.platform,
        "Python": environment.python,
        **environment.packages,
    }
    if git:
        facts["git commit"] = f"{git.commit[:12]}{', with changes' if git.changed else ''}"
    command = " ".join(environment.command)
    return [Folded("Machine and packages", [Facts(facts), Prose(f"Command: {command}")])]
