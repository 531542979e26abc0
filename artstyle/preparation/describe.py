"""How `dataset.json` is made: labels, counts, every decision taken, and a fingerprint."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from artstyle.config import Config
from artstyle.data.dataset import is_decided
from artstyle.data.description import (
    CopyCounts,
    Counts,
    DatasetDescription,
    DecidedConfig,
    EachSplit,
    SourceDescription,
    SplitDescription,
    StyleCounts,
)
from artstyle.data.manifest import SPLITS
from artstyle.data.sampling import class_weights
from artstyle.painter.collection import SOURCE
from artstyle.preparation.decisions import Decisions
from artstyle.preparation.scan import Scan
from artstyle.preparation.sources.source import Source
from artstyle.preparation.split_report import absence_notes, split_report
from artstyle.styles.names import label_order, labels_in


def is_used(key: str) -> bool:
    """Return whether `prepare` uses a dotted key of the configuration."""
    return is_decided(key) or key in ("seed", "data.workers")


def describe(
    name: str, source: Source, scan: Scan, decisions: Decisions, asked: Config, resolved: Config
) -> DatasetDescription:
    """Return the content of ``dataset.json``.

    It does not depend on the time or the place, so that equal data give an equal file.

    Args:
        name: Name of the source, without the folders above it.
        source: Where the paintings come from.
        scan: What was read of the source.
        decisions: What was decided about each painting.
        asked: The configuration as the user gave it.
        resolved: The same with ``split.group`` resolved (not "auto").
    """
    styles = [image.style for image in scan.images]
    artists = [image.artist for image in scan.images]
    labels = label_order(
        label
        for style, split in zip(styles, decisions.splits, strict=True)
        if split
        for label in labels_in(style)
    )
    report = split_report(
        decisions.splits, styles, artists, resolved.split.ratios, multi=asked.labels.multi
    )
    return DatasetDescription(
        artstyle=version("artstyle"),
        fingerprint=fingerprint_of(
            labels, zip(scan.scanned.sha256s(), styles, decisions.splits, strict=True)
        ),
        labels=labels,
        synthetic=_is_synthetic(scan, decisions),
        source=SourceDescription(
            name=name, format=source.format, missing=source.missing, notes=source.notes
        ),
        config=_decided_config(asked),
        counts=_counts(source, scan, decisions),
        class_weights=style_weights(labels, styles, decisions.splits),
        copies=_copies(styles, decisions),
        split=SplitDescription(
            group=resolved.split.group, sources=_source_counts(scan, decisions), **report
        ),
        notes=(*source.notes, *decisions.notes, *absence_notes(report, asked.labels)),
    )


def fingerprint_of(labels: Sequence[str], paintings: Iterable[tuple[str, str, str]]) -> str:
    """Return the SHA-256 over labels and (content, style, split), whatever the files' names.

    Args:
        labels: Style names in label order.
        paintings: SHA-256, style and split of each; without a split it does not count.
    """
    rows = sorted(f"{sha256} {style} {split}" for sha256, style, split in paintings if split)
    text = "\n".join([*labels, "", *rows])
    return hashlib.sha256(text.encode("utf-8", errors="surrogateescape")).hexdigest()


def _decided_config(config: Config) -> DecidedConfig:
    """Return the keys that decide the result; the number of workers, say, does not.

    Of a file of splits it has the name, not the place.
    """
    file = config.split.file and Path(config.split.file).name
    return DecidedConfig(
        data=config.data,
        quality=config.quality,
        balance=config.balance,
        split=config.split.model_copy(update={"file": file}),
        labels=config.labels,
        seed=config.seed,
    )


def _counts(source: Source, scan: Scan, decisions: Decisions) -> Counts:
    reasons = sorted(set(decisions.left_out) - {""})
    return Counts(
        found=len(source.images),
        missing=source.missing,
        unreadable=len(scan.unreadable),
        readable=len(scan.images),
        left_out={reason: decisions.left_out.count(reason) for reason in reasons},
        taking_part=sum(bool(split) for split in decisions.splits),
        styles=_style_counts(source, scan, decisions, reasons),
    )


def _style_counts(
    source: Source, scan: Scan, decisions: Decisions, reasons: Sequence[str]
) -> dict[str, StyleCounts]:
    found = Counter(label for image in source.images for label in labels_in(image.style))
    unreadable = Counter(label for image, _ in scan.unreadable for label in labels_in(image.style))
    fates = Counter(
        (label, split or left_out)
        for image, split, left_out in zip(
            scan.images, decisions.splits, decisions.left_out, strict=True
        )
        for label in labels_in(image.style)
    )
    return {
        style: StyleCounts(
            found=found[style],
            unreadable=unreadable[style],
            left_out=_present((reason, fates[style, reason]) for reason in reasons),
            train=fates[style, "train"],
            val=fates[style, "val"],
            test=fates[style, "test"],
        )
        for style in label_order(found)
    }


def _source_counts(scan: Scan, decisions: Decisions) -> EachSplit[int] | None:
    """Return how many known sources each split has; None if no painting has one."""
    pairs = {
        (image.source, split)
        for image, split in zip(scan.images, decisions.splits, strict=True)
        if image.source and split
    }
    counts = Counter(split for _, split in pairs)
    return EachSplit(**{split: counts[split] for split in SPLITS}) if pairs else None


def _is_synthetic(scan: Scan, decisions: Decisions) -> bool:
    pairs = zip(scan.images, decisions.splits, strict=True)
    return {image.source for image, split in pairs if split} == {SOURCE}


def _present(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return {name: count for name, count in counts if count}


def style_weights(
    labels: Sequence[str], styles: Sequence[str], splits: Sequence[str]
) -> dict[str, float]:
    """Return each style's weight in a balanced loss, from the paintings of train."""
    position = {label: n for n, label in enumerate(labels)}
    trained = [
        position[label]
        for style, split in zip(styles, splits, strict=True)
        if split == "train"
        for label in labels_in(style)
    ]
    weights_C = class_weights(np.array(trained, dtype=np.int64), len(labels))
    return dict(zip(labels, weights_C.tolist(), strict=True))


def _copies(styles: Sequence[str], decisions: Decisions) -> CopyCounts:
    return CopyCounts(
        exact_files=decisions.copies.exact,
        near_pairs=decisions.copies.near,
        same_name_pairs=decisions.copies.named,
        two_styles_paintings=_two_styles_paintings(styles, decisions),
    )


def _two_styles_paintings(styles: Sequence[str], decisions: Decisions) -> int:
    """Return how many paintings are listed under two styles or more, left out or not."""
    pairs = set(zip(decisions.copies.groups, styles, strict=True))
    return sum(count > 1 for count in Counter(group for group, _ in pairs).values())
