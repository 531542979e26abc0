"""A probe as one story: frozen features, one logistic regression, an ordinary run folder."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from artstyle import metrics
from artstyle.confidence.calibration import Calibration, fit_calibration, fit_thresholds
from artstyle.confidence.familiarity import style_means
from artstyle.confidence.thresholds import separate_accuracy
from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import Labelled, Labels
from artstyle.data.manifest import ManifestRow
from artstyle.devices import choose_device
from artstyle.models.checkpoint import write_checkpoint
from artstyle.models.factory import build_network
from artstyle.models.header import Header
from artstyle.models.onnx_export import export_run
from artstyle.models.torch_model import TorchModel
from artstyle.models.unfreeze import count_parameters
from artstyle.models.zoo import build_preprocessing
from artstyle.presentation.curves import plot_curves
from artstyle.probe.frozen import frozen_features, linear_head
from artstyle.probe.regression import (
    ChosenC,
    Features,
    LinearHead,
    choose_c,
    fit_head,
    fit_separate_heads,
)
from artstyle.probe.settings import require_pretrained
from artstyle.progress import Progress, silent
from artstyle.runs.environment import ChosenNumerics, ParameterCount
from artstyle.runs.folder import RunFolder
from artstyle.storage.locks import sole_writer
from artstyle.styles.targets import sigmoid
from artstyle.training.environment import describe_environment, set_seed
from artstyle.training.faults import translated_errors
from artstyle.training.process_group import ProcessGroup
from artstyle.training.setup import labelled, require_image_size, require_two_styles


@dataclass(frozen=True)
class SplitScores:
    """How the fitted head answers the images of a split."""

    loss: float
    """Mean cross-entropy."""
    accuracy: float
    macro_f1: float


@dataclass(frozen=True)
class ProbeResult:
    """A probe that was written."""

    run: RunFolder
    chosen: ChosenC
    held_out: str
    """What was held out together when C was chosen, or why nothing was; in words."""
    validation: SplitScores


def fit_probe(
    config: Config,
    data: DatasetFolder | str | Path,
    run: RunFolder | str | Path,
    *,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda message: None,
) -> ProbeResult:
    """Fit the last layer of a pretrained network to a data set and write its run folder.

    Every image is seen once, without augmentation, as `evaluate` prepares it. The features of
    train are standardised; a logistic regression over them becomes the network's last layer. Where
    an image may have several labels, it is one regression for each, with the C that suits the
    rarest label of each image. Val calibrates the answers. The run folder is written at the end, so
    an interrupted probe leaves no half run. Equal data and configurations give equal weights, to
    the bit, on the same machine.

    Args:
        config: Which model, which image size, how styles are weighed; `is_used` knows the keys.
        data: The prepared data set.
        run: The folder to write.
        progress: Called after each image and each fold.
        warn: Called with the reason if the answers cannot be calibrated.

    Raises:
        UsageError: The model starts from random weights, or does not end in a linear layer.
        DataError: The data set has one style, or an empty split.
        WeightsError: The weights cannot be had.
        RunError: The run folder is not empty.
        BusyError: Another process writes to it.

    Examples:
        >>> config = artstyle.resolve_config("probe", overrides=[
        ...     "model.name=simple_cnn", "model.weights=runs/tiny/checkpoints/best.safetensors",
        ...     "data.image_size=32", "train.device=cpu", "train.export=false", "probe.c=1",
        ... ]).config
        >>> artstyle.fit_probe(config, "data/processed", "runs/probe").run.labels()
        ('Cubism', 'Minimalism', 'Pop_Art', 'Ukiyo_e')
    """
    data = data if isinstance(data, DatasetFolder) else DatasetFolder(data)
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    require_pretrained(config.model)
    require_two_styles(data)
    config = data.as_prepared(config)
    run.require_new()
    started, clock = datetime.now(UTC), time.perf_counter()
    with sole_writer(run.path), translated_errors(config):
        set_seed(config.seed, deterministic=config.deterministic)
        model = _build_model(config, data)
        training, validation = labelled(data, "train"), labelled(data, "val")
        train_NF = frozen_features(model, training, progress, "train")
        groups, held_out = held_out_groups(data.rows("train"))
        chosen = _choose_c(config, groups, train_NF, training.labels_N, progress)
        head = _fit(train_NF, training, len(data.labels), chosen.c, balanced=_balanced(config))
        val_NF = frozen_features(model, validation, progress, "val")
        trained = _scores(head, train_NF, training)
        validated = _scores(head, val_NF, validation)
        _put_into(model, head)
        calibration = _calibration(head, data.labels, (train_NF, training), (val_NF, validation))
        _write(run, config, data, model, chosen, calibration, started)
        _write_history(run, trained, validated, time.perf_counter() - clock)
        if config.train.export:
            export_run(run, progress)
    if calibration.reason and not model.multi:
        warn(f"answers will not say how sure they are: {calibration.reason}")
    if not chosen.folds:
        held_out = "as configured" if config.probe.c else "too few paintings to compare values by"
    return ProbeResult(run, chosen, held_out, validated)


def _fit(
    features_NF: Features, training: Labelled, num_styles: int, c: float, *, balanced: bool
) -> LinearHead:
    if training.shares_NC is None:
        return fit_head(features_NF, training.labels_N, num_styles, c, balanced=balanced)
    return fit_separate_heads(features_NF, training.shares_NC > 0, c, balanced=balanced)


def _calibration(
    head: LinearHead,
    labels: tuple[str, ...],
    train: tuple[Features, Labelled],
    val: tuple[Features, Labelled],
) -> Calibration:
    (train_NF, training), (val_NF, validation) = train, val
    logits_NC = head.logits(val_NF)
    if validation.shares_NC is not None:
        return fit_thresholds(logits_NC, validation.shares_NC > 0, labels)
    means_CF = style_means(train_NF, training.labels_N)
    return fit_calibration(logits_NC, validation.labels_N, labels, val_NF, means_CF)


def _balanced(config: Config) -> bool:
    return config.loss.class_weights == "balanced"


def _build_model(config: Config, data: DatasetFolder) -> TorchModel:
    """Return the pretrained network, ready to answer, with a head that is still random."""
    name, device = config.model.name, choose_device(config.train.device)
    built = build_network(
        name,
        len(data.labels),
        weights=config.model.weights,
        image_size=config.data.image_size,
        styles=data.labels,
    )
    if config.data.image_size is not None:
        require_image_size(name, built.network, config.data.image_size)
    preprocessing = build_preprocessing(built.spec, config.data, data.data_config)
    network = built.network.eval().to(device).to(memory_format=torch.channels_last)
    model = TorchModel(
        name=name,
        labels=data.labels,
        preprocessing=preprocessing,
        fingerprint="",
        device=str(device),
        network=network,
        spec=built.spec,
        multi=data.targets.multi,
    )
    linear_head(model)  # Says so before the work if there is none.
    return model


def _choose_c(
    config: Config,
    groups: Sequence[str],
    features_NF: Features,
    labels_N: Labels,
    progress: Progress,
) -> ChosenC:
    if config.probe.c is not None:
        return ChosenC(config.probe.c)
    return choose_c(
        features_NF,
        labels_N,
        groups,
        balanced=_balanced(config),
        seed=config.seed,
        progress=progress,
    )


def held_out_groups(rows: Sequence[ManifestRow]) -> tuple[list[str], str]:
    """Return what is held out together when C is chosen, and the same in words.

    That is the paintings of an artist. A painting by an unknown artist goes with its copies alone.
    So does one of a style that a single artist painted: held out as a whole, the style could not
    be learnt at all.
    """
    artists = defaultdict[str, set[str]](set)
    for row in rows:
        artists[row.style].add(row.artist or row.path)
    apart = [bool(row.artist) and len(artists[row.style]) > 1 for row in rows]
    groups = [
        f"artist {row.artist}" if by_artist else f"painting {row.copy_of or row.path}"
        for row, by_artist in zip(rows, apart, strict=True)
    ]
    if not any(apart):
        return groups, "paintings held out one by one"
    return groups, f"artists kept apart for {sum(apart):,} of {len(rows):,} paintings"


def _scores(head: LinearHead, features_NF: Features, images: Labelled) -> SplitScores:
    logits_NC, labels_N = head.logits(features_NF), images.labels_N
    if images.shares_NC is not None:
        truth_NC = images.shares_NC > 0
        loss = metrics.binary_log_loss(logits_NC, truth_NC)
        return SplitScores(loss, *separate_accuracy(sigmoid(logits_NC), truth_NC))
    confusion_CC = metrics.confusion_matrix(labels_N, logits_NC.argmax(axis=1), len(head.bias_C))
    return SplitScores(
        loss=metrics.log_loss(logits_NC, labels_N),
        accuracy=metrics.accuracy(confusion_CC),
        macro_f1=metrics.macro_average(metrics.style_scores(confusion_CC)).f1,
    )


def _put_into(model: TorchModel, head: LinearHead) -> None:
    layer = linear_head(model)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(head.weight_CF))
        layer.bias.copy_(torch.from_numpy(head.bias_C))


def _write(
    run: RunFolder,
    config: Config,
    data: DatasetFolder,
    model: TorchModel,
    chosen: ChosenC,
    calibration: Calibration,
    started: datetime,
) -> None:
    """Write the run folder, as training does before its first epoch, and its only checkpoint."""
    total, _ = count_parameters(model.network)
    layer = linear_head(model)
    recorded = {
        "parameters": ParameterCount(
            total=total, learning=layer.weight.numel() + layer.bias.numel()
        ),
        "numerics": ChosenNumerics(precision="fp32", channels_last=True),
    }
    group = ProcessGroup(0, 1, torch.device(model.device))
    environment = describe_environment(config, data, group, started).model_copy(update=recorded)
    run.begin(config, model.labels, environment)
    about = {"epoch": 1, "c": chosen.c}
    synthetic = data.description.synthetic
    header = Header(
        model.name,
        model.labels,
        model.preprocessing,
        about,
        calibration,
        synthetic,
        multi=model.multi,
    )
    write_checkpoint(run.best_path, model.network, header)


def _write_history(
    run: RunFolder, trained: SplitScores, validated: SplitScores, seconds: float
) -> None:
    """Write the probe as one epoch."""
    values = {
        "train_loss": trained.loss,
        "train_accuracy": trained.accuracy,
        "plain_train_loss": trained.loss,
        "val_loss": validated.loss,
        "val_accuracy": validated.accuracy,
        "val_macro_f1": validated.macro_f1,
        "seconds": seconds,
    }
    row: dict[str, object] = {name: float(f"{value:.6g}") for name, value in values.items()}
    run.write_history([{"epoch": 1, **row}])
    plot_curves(run.history_path, run.curves_path)
