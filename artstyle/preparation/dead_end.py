"""Why no painting is left for training, and which key to change."""

from collections import Counter
from collections.abc import Sequence

from artstyle.config import Config
from artstyle.data.reasons import in_words
from artstyle.preparation.balance import too_rare
from artstyle.preparation.decisions import Decisions
from artstyle.preparation.scan import Scan
from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.styles.names import labels_in


def dead_end(source: Source, scan: Scan, decisions: Decisions, config: Config) -> str:
    """Return what was left out and why, and what would let a style take part.

    Args:
        source: Where the paintings come from.
        scan: What reading them found; at least one can be read.
        decisions: With no painting in any split.
        config: Sections ``quality`` and ``balance``.
    """
    enough = config.balance.min_per_style
    readable = Counter(label for image in scan.images for label in labels_in(image.style))
    found = Counter(label for image in source.images for label in labels_in(image.style))
    lost = Counter(reason for reason in decisions.left_out if reason not in ("", "rare_style"))
    lost["unreadable"] = len(scan.unreadable)
    if max(found.values()) < enough or not lost.total():
        return too_rare(found, enough, config.labels.target)
    counts = ", ".join(
        f"{count:,} {in_words(reason)}" for reason, count in lost.most_common() if count
    )
    way_out = (
        _first_unreadable(scan)
        if max(readable.values()) < enough
        else _way_out(source, scan, decisions)
    )
    seen = (
        f"no {config.labels.target} has {enough} paintings left: of {len(source.images):,} files,"
        f" {counts} are left out"
    )
    return f"{seen}; {way_out}"


def _first_unreadable(scan: Scan) -> str:
    image, reason = scan.unreadable[0]
    return f"the first that cannot be read is {image.path}: {reason}"


def _way_out(source: Source, scan: Scan, decisions: Decisions) -> str:
    """Return the key of the quality rule that leaves out most."""
    left_out = decisions.left_out
    if left_out.count("copy") > left_out.count("two_styles"):
        return "keep copies with --set quality.copies=keep"
    keep = "keep them with --set quality.two_styles=keep"
    doubled = _doubled_folders(scan.images, decisions)
    if doubled is None or source.format not in ("folders", "split_folders"):
        return keep
    one, other = doubled
    return (
        f"the folders {one} and {other} hold the same paintings: give one of them, as in"
        f" 'artstyle prepare {source.root / one}', or {keep}"
    )


def _doubled_folders(images: Sequence[SourceImage], decisions: Decisions) -> tuple[str, str] | None:
    """Return the two folders that hold most of the paintings under two styles, if they do."""
    firsts: dict[int, SourceImage] = {}
    pairs = Counter[tuple[str, str]]()
    for image, group, reason in zip(
        images, decisions.copies.groups, decisions.left_out, strict=True
    ):
        first = firsts.setdefault(group, image)
        if reason == "two_styles" and first.style != image.style:
            pairs[_parting(first.path, image.path)] += 1
    if not pairs:
        return None
    pair, count = min(pairs.items(), key=lambda item: (-item[1], item[0]))
    return pair if 2 * count > pairs.total() else None


def _parting(one: str, other: str) -> tuple[str, str]:
    """Return the folders in which two paths part."""
    parts, others = one.split("/"), other.split("/")
    same = next(n for n, pair in enumerate(zip(parts, others, strict=False)) if pair[0] != pair[1])
    low, high = sorted(("/".join(parts[: same + 1]), "/".join(others[: same + 1])))
    return low, high
