"""How far to trust an evaluation, in plain words: artists, calibration, small styles."""

from artstyle.evaluation.document import ArtistGroup, ArtistGroups, Bounds, EvaluationReport
from artstyle.evaluation.wording import SMALL_SUPPORT, with_interval
from artstyle.presentation.pages import Block, Content, Prose, Table
from artstyle.styles.vocabulary import display_name

_SAME_ARTIST_SHARE = 0.5
_CALIBRATED = 0.05


def how_far_to_trust(report: EvaluationReport) -> list[Block]:
    """Say in plain words what the scores show and what they do not."""
    sentences = [
        _on_artists(report.artists),
        _on_oracle(report),
        _on_calibration(report),
        _on_small_styles(report),
        _on_absent_styles(report),
    ]
    return [*(Prose(sentence) for sentence in sentences if sentence), artist_table(report.artists)]


def artist_table(artists: ArtistGroups) -> Table:
    """Return the accuracy on artists with and without training images."""
    groups = {
        "in training": artists.seen, "not in training": artists.unseen, "unknown": artists.unknown
    }  # fmt: skip
    rows: list[list[Content]] = [
        [name, group.support, _group_accuracy(group.support, group.accuracy, group.interval)]
        for name, group in groups.items()
        if group.accuracy is not None and group.interval is not None
    ]
    return Table(["artist", "pictures", "accuracy (95% interval)"], rows)


def _group_accuracy(support: int, accuracy: float, interval: Bounds) -> str:
    if support < SMALL_SUPPORT:
        return f"too few to judge; {accuracy:.3f} of these"
    return with_interval(accuracy, interval)


def _on_artists(artists: ArtistGroups) -> str:
    known = artists.seen.support + artists.unseen.support
    if not known:
        return "It is not known which of these artists the model has seen in training."
    return _on_known_artists(artists, artists.seen.support / known) + _on_unknown(artists.unknown)


def _on_known_artists(artists: ArtistGroups, share_seen: float) -> str:
    unseen = artists.unseen
    if unseen.accuracy is None or unseen.interval is None:
        return (
            "Every known artist in this split also has training images. Expect lower scores for"
            " artists that are new to the model: this split does not measure them."
        )
    if share_seen < _SAME_ARTIST_SHARE:
        known = artists.seen.support + unseen.support
        return (
            f"{1 - share_seen:.0%} of the {known:,} pictures with a known artist are by artists"
            " that are new to the model. There the scores show how well it recognises styles, not"
            " artists."
        )
    seen = (
        f"{share_seen:.0%} of the pictures with a known artist are by artists with training images."
    )
    if unseen.support < SMALL_SUPPORT:
        return (
            f"{seen} Only {unseen.support} pictures are by other artists: too few to say what to"
            " expect for a new artist. It may be well below the headline."
        )
    low, high = unseen.interval
    return (
        f"{seen} On the {unseen.support:,} pictures by other artists the accuracy is"
        f" {unseen.accuracy:.1%} ({low:.1%} to {high:.1%}). Expect this, not the headline, for a"
        " new artist."
    )


def _on_unknown(unknown: ArtistGroup) -> str:
    if unknown.accuracy is None:
        return ""
    return (
        f" The artist of {unknown.support:,} pictures is not known. Training may have had works by"
        f" the same artist. The accuracy on these pictures is {unknown.accuracy:.1%}."
    )


def _on_oracle(report: EvaluationReport) -> str:
    oracle = report.artist_oracle
    if oracle is None:
        return ""
    compared = (
        f"The model's {report.accuracy:.1%} is not above that, so this split does not show that it"
        " recognises styles rather than artists."
        if report.accuracy <= oracle.accuracy
        else f"The model gets {report.accuracy:.1%}."
    )
    return (
        "Someone who sees only the artist's name, and says the style that this artist has most"
        f" often in the training images, would get {oracle.accuracy:.1%} right. {compared}"
    )


def _on_calibration(report: EvaluationReport) -> str:
    error, confidence = report.expected_calibration_error, report.mean_confidence
    if error <= _CALIBRATED:
        return f"The model's probabilities are well calibrated (error {error:.3f})."
    surplus = confidence - report.accuracy
    if abs(surplus) < error / 2:
        direction = f"too high in part and too low in part (error {error:.3f})"
    else:
        direction = "too high" if surplus > 0 else "too low"
    return (
        f"The model's probabilities are {direction}: on average it is {confidence:.0%} sure and"
        f" {report.accuracy:.0%} right."
    )


def _on_small_styles(report: EvaluationReport) -> str:
    support = {style: report.scores(style).support for style in report.styles}
    small = [
        f"{display_name(style)} ({count})"
        for style, count in support.items()
        if 0 < count < SMALL_SUPPORT
    ]
    if not small:
        return ""
    return f"Few pictures decide the scores of these styles: {', '.join(small)}."


def _on_absent_styles(report: EvaluationReport) -> str:
    absent = report.styles_without_pictures
    if not absent:
        return ""
    names = ", ".join(display_name(style) for style in absent)
    return f"The model also knows {names}. This split has no pictures of these."
