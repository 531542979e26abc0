"""Which paintings of each style take part."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from artstyle.config import STYLE_LABELS, BalanceConfig, LabelsConfig
from artstyle.data.reasons import MaybeReason
from artstyle.data.seeding import derived_rng, shuffled
from artstyle.errors import DataError
from artstyle.styles.names import joined_labels, label_order, labels_in


@dataclass(frozen=True)
class Balanced:
    """Which paintings take part."""

    left_out: tuple[MaybeReason, ...]
    """For each painting "" (kept), "rare_style" or "balance"."""
    notes: tuple[str, ...]
    """What a person should know, one line each."""

    @property
    def kept(self) -> tuple[int, ...]:
        """Positions of the paintings that take part, ascending."""
        return tuple(index for index, reason in enumerate(self.left_out) if not reason)


def choose_balanced(
    styles: Sequence[str],
    keys: Sequence[str],
    config: BalanceConfig,
    seed: int,
    labels: LabelsConfig = STYLE_LABELS,
) -> Balanced:
    """Choose which paintings take part under the balance policy.

    The choice within a style depends on the seed and on that style's own paintings, not on other
    styles nor on the order of the input. A larger limit keeps what a smaller one kept.

    Args:
        styles: The style of each painting.
        keys: A unique key for each painting, such as its path.
        config: Policy and limits. ``oversample`` is capped here like ``cap``; training repeats
            paintings (`artstyle.data.sampling`).
        seed: Seed of the random choice.
        labels: What the labels are, for messages.

    Raises:
        DataError: No style has enough paintings.
    """
    members = _members(styles)
    enough = config.min_per_style
    common = {style: rows for style, rows in members.items() if len(rows) >= enough}
    if not common:
        counts = {style: len(rows) for style, rows in members.items()}
        raise DataError(too_rare(counts, enough, labels.target))
    limit = _limit(common, config)
    left_out: list[MaybeReason] = ["rare_style"] * len(styles)
    for style, rows in common.items():
        rng = derived_rng(seed, "balance", style)
        for rank, row in enumerate(shuffled(rows, keys, rng)):
            left_out[row] = "" if limit is None or rank < limit else "balance"
    return Balanced(tuple(left_out), _notes(members, common, limit, config, labels))


def common_labels(styles: Sequence[str], enough: int) -> list[str]:
    """Return the labels of each painting without those that too few paintings have; "" is none.

    Each label is answered by itself, so that a painting without one of its labels is still a right
    example of the others.
    """
    counts = Counter(label for style in styles for label in labels_in(style))
    return [
        joined_labels(label for label in labels_in(style) if counts[label] >= enough)
        for style in styles
    ]


def counted_labels(styles: Sequence[str]) -> list[str]:
    """Return for each painting the label that it counts for: the rarest of its labels."""
    counts = Counter(label for style in styles for label in labels_in(style))
    return [min(labels_in(style), key=lambda label: counts[label]) for style in styles]


def too_rare(counts: Mapping[str, int], enough: int, target: str = "style") -> str:
    """Return why no style takes part, and the key that decides it.

    Args:
        counts: Style -> paintings; all fewer than ``enough``.
        enough: ``balance.min_per_style``.
        target: What the labels are.
    """
    if not counts:
        return "there are no paintings"
    largest = max(label_order(counts), key=counts.__getitem__)
    return (
        f"no {target} has {enough} paintings: the largest, {largest}, has {counts[largest]};"
        f" add paintings, or lower the limit with --set balance.min_per_style={counts[largest]}"
    )


def _members(styles: Sequence[str]) -> dict[str, list[int]]:
    """Return style -> positions of its paintings, in the order of the style names."""
    members: dict[str, list[int]] = {style: [] for style in label_order(styles)}
    for index, style in enumerate(styles):
        members[style].append(index)
    return members


def _limit(common: Mapping[str, Sequence[int]], config: BalanceConfig) -> int | None:
    match config.policy:
        case "none":
            return None
        case "equal":
            return min(len(rows) for rows in common.values())
        case "cap" | "oversample":
            return config.max_per_style


def _notes(
    members: Mapping[str, Sequence[int]],
    common: Mapping[str, Sequence[int]],
    limit: int | None,
    config: BalanceConfig,
    labels: LabelsConfig,
) -> tuple[str, ...]:
    notes = []
    rare = [f"{style} ({len(rows)})" for style, rows in members.items() if style not in common]
    if rare:
        notes.append(
            f"{labels.plural} with fewer than {config.min_per_style} paintings are left out:"
            f" {', '.join(rare)}; balance.min_per_style decides"
        )
    cut = [style for style, rows in common.items() if limit is not None and len(rows) > limit]
    if cut:
        notes.append(
            f"balance.policy {config.policy}: {limit} paintings are kept of each of"
            f" {', '.join(cut)}"
        )
    return tuple(notes)
