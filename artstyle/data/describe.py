"""What `dataset.json` says: labels, counts, every decision taken, and a fingerprint."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from artstyle.config import Config
from artstyle.data.balance import class_weights
from artstyle.data.dataset import FORMAT_VERSION, is_decided
from artstyle.data.decisions import Decisions
from artstyle.data.manifest import SPLITS
from artstyle.data.scan import Scan
from artstyle.data.source import Source
from artstyle.data.split_report import absence_notes, split_report
from artstyle.labels import label_order


def is_used(key: str) -> bool:
    """Return whether `prepare` heeds a dotted key of the configuration."""
    return is_decided(key) or key in ("seed", "data.workers")


def describe(
    name: str, source: Source, scan: Scan, decisions: Decisions, asked: Config, resolved: Config
) -> dict[str, Any]:
    """Return the content of ``dataset.json`` in plain types.

    Nothing in it depends on when or where it was made, so that equal data give an equal file.

    Args:
        name: Of the source, without the folders above it.
        source: Where the paintings come from.
        scan: What reading it told.
        decisions: The fate of each painting.
        asked: The configuration as it was given.
        resolved: The same, ``split.group`` not "auto".
    """
    styles = [image.style for image in scan.images]
    artists = [image.artist for image in scan.images]
    labels = label_order(
        style for style, split in zip(styles, decisions.splits, strict=True) if split
    )
    split = split_report(decisions.splits, styles, artists, resolved.split.ratios)
    return {
        "format_version": FORMAT_VERSION,
        "artstyle": version("artstyle"),
        "fingerprint": _fingerprint(labels, scan, decisions),
        "labels": list(labels),
        "source": {
            "name": name,
            "format": source.format,
            "missing": source.missing,
            "notes": list(source.notes),
        },
        "config": _used_config(asked),
        "counts": _counts(source, scan, decisions),
        "class_weights": _class_weights(labels, styles, decisions.splits),
        "copies": {
            "exact_files": decisions.copies.exact,
            "near_pairs": decisions.copies.near,
            "same_name_pairs": decisions.copies.named,
            "two_styles_paintings": _two_styles_paintings(styles, decisions),
        },
        "split": {"group": resolved.split.group, **split},
        "notes": [*source.notes, *decisions.notes, *absence_notes(split)],
    }


def _fingerprint(labels: Sequence[str], scan: Scan, decisions: Decisions) -> str:
    """Return the SHA-256 over labels and (content, label, split), whatever the files' names."""
    rows = sorted(
        f"{sha256} {image.style} {split}"
        for image, sha256, split in zip(
            scan.images, scan.scanned.sha256s(), decisions.splits, strict=True
        )
        if split
    )
    text = "\n".join([*labels, "", *rows])
    return hashlib.sha256(text.encode("utf-8", errors="surrogateescape")).hexdigest()


def _used_config(config: Config) -> dict[str, Any]:
    """Return the keys that decide the result: how many processes work on it does not."""
    values = config.model_dump(mode="json")
    return {
        section: {key: value for key, value in keys.items() if is_decided(f"{section}.{key}")}
        for section, keys in values.items()
        if isinstance(keys, dict) and any(is_decided(f"{section}.{key}") for key in keys)
    } | {"seed": config.seed}


def _counts(source: Source, scan: Scan, decisions: Decisions) -> dict[str, Any]:
    found = Counter(image.style for image in source.images)
    unreadable = Counter(image.style for image, _ in scan.unreadable)
    fates = Counter(
        (image.style, split or left_out)
        for image, split, left_out in zip(
            scan.images, decisions.splits, decisions.left_out, strict=True
        )
    )
    reasons = sorted(set(decisions.left_out) - {""})
    return {
        "found": len(source.images),
        "missing": source.missing,
        "unreadable": len(scan.unreadable),
        "readable": len(scan.images),
        "left_out": {reason: decisions.left_out.count(reason) for reason in reasons},
        "taking_part": sum(bool(split) for split in decisions.splits),
        "styles": {
            style: {
                "found": found[style],
                "unreadable": unreadable[style],
                "left_out": _present((reason, fates[style, reason]) for reason in reasons),
                **{split: fates[style, split] for split in SPLITS},
            }
            for style in label_order(found)
        },
    }


def _present(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    return {name: count for name, count in counts if count}


def _class_weights(
    labels: Sequence[str], styles: Sequence[str], splits: Sequence[str]
) -> dict[str, float]:
    position = {label: n for n, label in enumerate(labels)}
    trained = [
        position[style] for style, split in zip(styles, splits, strict=True) if split == "train"
    ]
    weights_C = class_weights(np.array(trained, dtype=np.int64), len(labels))
    return dict(zip(labels, weights_C.tolist(), strict=True))


def _two_styles_paintings(styles: Sequence[str], decisions: Decisions) -> int:
    """Return how many paintings stand under two styles or more, whatever was done with them."""
    pairs = set(zip(decisions.copies.groups, styles, strict=True))
    return sum(count > 1 for count in Counter(group for group, _ in pairs).values())
