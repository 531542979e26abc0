"""The ``dataset.json`` of a data set that a test writes by hand."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from artstyle.config import Config
from artstyle.data.description import (
    CopyCounts,
    Counts,
    DatasetDescription,
    DecidedConfig,
    SourceDescription,
    SplitDescription,
    StyleCounts,
)
from artstyle.data.manifest import ManifestRow
from artstyle.preparation.split_report import split_report


def write_description(
    path: Path,
    rows: Sequence[ManifestRow],
    *,
    config: Config | None = None,
    fingerprint: str = "a" * 64,
    notes: Sequence[str] = (),
) -> None:
    """Write ``dataset.json`` for the paintings of a manifest."""
    asked = config or Config()
    labels = sorted({row.style for row in rows})
    splits, styles = [row.split for row in rows], [row.style for row in rows]
    report = split_report(splits, styles, [row.artist for row in rows], asked.split.ratios)
    DatasetDescription(
        artstyle="0.1.0",
        fingerprint=fingerprint,
        labels=labels,
        source=SourceDescription(name="by hand", format="manifest", missing=0, notes=()),
        config=DecidedConfig(
            data=asked.data,
            quality=asked.quality,
            balance=asked.balance,
            split=asked.split,
            seed=asked.seed,
        ),
        counts=Counts(
            found=len(rows),
            missing=0,
            unreadable=0,
            readable=len(rows),
            left_out=Counter(row.left_out for row in rows if row.left_out),
            taking_part=sum(bool(split) for split in splits),
            styles={style: _style_counts(rows, style) for style in labels},
        ),
        class_weights=dict.fromkeys(labels, 1.0),
        copies=CopyCounts(exact_files=0, near_pairs=0, same_name_pairs=0, two_styles_paintings=0),
        split=SplitDescription(group="image", **report),
        notes=tuple(notes),
    ).write(path)


def _style_counts(all_rows: Sequence[ManifestRow], style: str) -> StyleCounts:
    rows = [row for row in all_rows if row.style == style]
    splits = Counter(row.split for row in rows)
    return StyleCounts(
        found=len(rows),
        unreadable=0,
        left_out=Counter(row.left_out for row in rows if row.left_out),
        train=splits["train"],
        val=splits["val"],
        test=splits["test"],
    )
