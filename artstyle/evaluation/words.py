"""The scores of an evaluation in words and tables, from ``report.json`` alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from artstyle.labels import display_name
from artstyle.pages import Block, Cell, Facts, Prose, Table

SMALL_SUPPORT = 20
"""A style or a group of artists with fewer pictures than this has scores that a few decide."""
_SAME_ARTIST_SHARE = 0.5
_CALIBRATED = 0.05


def with_interval(value: float, bounds: Sequence[float]) -> str:
    """Return ``0.731 (0.712 to 0.750)``."""
    return f"{value:.3f} ({bounds[0]:.3f} to {bounds[1]:.3f})"


def headline(report: Mapping[str, Any]) -> list[Block]:
    """Return the scores that are quoted, with their 95% intervals, and what speaks against them."""
    facts: dict[str, Any] = {
        "accuracy": report["accuracy"],
        "macro F1": report["macro_f1"],
        "top-3 accuracy": report["top3_accuracy"],
        "weighted F1": report["weighted_f1"],
        "calibration error": report["expected_calibration_error"],
        "pictures": report["pictures"],
    }
    if report["unreadable"]:
        facts["not readable"] = report["unreadable"]
    warnings = [Prose(f"Mind: {warning}") for warning in report["warnings"]]
    return [*warnings, Facts(facts), Prose(_intervals(report["intervals"]))]


def how_far_to_trust(report: Mapping[str, Any]) -> list[Block]:
    """Say in plain words what the scores do and do not tell."""
    sentences = [
        _on_chance(report),
        _on_artists(report["artists"]),
        _on_oracle(report),
        _on_calibration(report),
        _on_small_styles(report),
        _on_absent_styles(report),
    ]
    return [*(Prose(sentence) for sentence in sentences if sentence), artist_table(report)]


def artist_table(report: Mapping[str, Any]) -> Table:
    """Return the accuracy on artists seen and unseen in training."""
    names = {"seen": "seen in training", "unseen": "not seen", "unknown": "not known"}
    rows: list[list[Any]] = []
    for key, name in names.items():
        part = report["artists"][key]
        if part["support"]:
            enough = part["support"] >= SMALL_SUPPORT
            score = (
                with_interval(part["accuracy"], part["interval"])
                if enough
                else f"too few to say, {part['accuracy']:.3f} of these"
            )
            rows.append([name, part["support"], score])
    return Table(["artist", "pictures", "accuracy (95% interval)"], rows)


def score_rows(report: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Return the names of the columns, and a row for each style and each average."""
    entries = report["classification_report"]
    named = [(style, display_name(style)) for style in report["confusion_matrix"]["labels"]]
    named += [("macro avg", "macro average"), ("weighted avg", "weighted average")]
    keys = ("precision", "recall", "f1-score", "support")
    rows = [[name, *(entries[entry][key] for key in keys)] for entry, name in named]
    return ["style", "precision", "recall", "F1", "pictures"], rows


def style_table(report: Mapping[str, Any]) -> Table:
    """Return precision, recall, F1 and support of each style, and their averages."""
    columns, rows = score_rows(report)
    shaded = [[name, *map(_shaded, scores), count] for name, *scores, count in rows[:-2]]
    caption = "Averages run over the styles that have pictures in this split."
    return Table(columns, [*shaded, *rows[-2:]], caption=caption)


def how_measured(report: Mapping[str, Any]) -> list[Block]:
    """Say which model, which data and which definitions stand behind the scores."""
    intervals = report["intervals"]
    return [
        Facts(
            {
                "run": report["run"],
                "model": f"{report['architecture']}, {report['model']}",
                "data set": f"{report['dataset_path']}, {report['dataset'][:12]}",
                "split": report["split"],
                "mean confidence": report["mean_confidence"],
                "negative log likelihood": report["negative_log_likelihood"],
                "Brier score (0 to 2)": report["brier_score"],
            }
        ),
        Prose(
            f"Intervals hold {intervals['level']:.0%} of {intervals['resamples']:,} bootstrap draws"
            " of the pictures (percentiles, not stratified, seed"
            f" {intervals['seed']}). They count pictures as independent; works of one artist are"
            " not, so the true ranges are wider."
        ),
        Prose(
            "The macro average gives each style that has pictures the same weight, the weighted"
            " average each picture. The calibration error is the mean gap between confidence and"
            " accuracy over 15 equally wide bins (Guo et al. 2017)."
        ),
    ]


def _intervals(intervals: Mapping[str, Any]) -> str:
    ranges = [
        f"{name} {intervals[key][0]:.3f} to {intervals[key][1]:.3f}"
        for name, key in (
            ("accuracy", "accuracy"),
            ("macro F1", "macro_f1"),
            ("top-3 accuracy", "top3_accuracy"),
        )
    ]
    return f"{intervals['level']:.0%} intervals: {', '.join(ranges)}."


def _shaded(score: float) -> Cell:
    return Cell(score, shade=0.5 * score)


def _on_chance(report: Mapping[str, Any]) -> str:
    low, high = report["intervals"]["accuracy"]
    entries = report["classification_report"]
    styles = report["confusion_matrix"]["labels"]
    largest = max(styles, key=lambda style: entries[style]["support"])
    share = entries[largest]["support"] / report["pictures"]
    return (
        f"By chance alone the accuracy could lie between {low:.1%} and {high:.1%} on other pictures"
        f" of the same kind. Always saying {display_name(largest)} would give {share:.1%}."
    )


def _on_artists(artists: Mapping[str, Any]) -> str:
    seen, unseen = artists["seen"], artists["unseen"]
    known = seen["support"] + unseen["support"]
    if not known:
        return "Whether the model knows these artists from its training cannot be told."
    share = seen["support"] / known
    unknown = _on_unknown_artists(artists["unknown"])
    if not unseen["support"]:
        return (
            "Training had works by every known artist in this split: the scores say nothing of how"
            f" the model does on artists that are new to it, and flatter it.{unknown}"
        )
    if share < _SAME_ARTIST_SHARE:
        return (
            f"{1 - share:.0%} of the {known:,} pictures with a known artist are by artists that are"
            " new to the model: there the scores tell how well it recognises styles, not"
            f" hands.{unknown}"
        )
    known_hands = (
        f"{share:.0%} of the pictures with a known artist are by artists that the model knows from"
        " its training."
    )
    if unseen["support"] < SMALL_SUPPORT:
        return (
            f"{known_hands} The {unseen['support']} by others are too few to say what to expect of"
            f" an artist new to it; it may well be less than the headline.{unknown}"
        )
    low, high = unseen["interval"]
    return (
        f"{known_hands} On the {unseen['support']:,} by others its accuracy is"
        f" {unseen['accuracy']:.1%} ({low:.1%} to {high:.1%}): expect that, not the headline, of an"
        f" artist new to it.{unknown}"
    )


def _on_unknown_artists(unknown: Mapping[str, Any]) -> str:
    if not unknown["support"]:
        return ""
    return (
        f" Of {unknown['support']:,} pictures the artist is not known, and works of the same hand"
        f" or source may have been learnt from: the accuracy on them is"
        f" {unknown['accuracy']:.1%}."
    )


def _on_oracle(report: Mapping[str, Any]) -> str:
    oracle = report["artist_oracle"]
    if oracle is None:
        return ""
    better = "more" if oracle["accuracy"] > report["accuracy"] else "less"
    return (
        "An oracle that sees no pixels and knows only whose work it is, and that artist's most"
        f" frequent style in training, would score {oracle['accuracy']:.1%} here, {better} than the"
        " model."
    )


def _on_calibration(report: Mapping[str, Any]) -> str:
    error, confidence = report["expected_calibration_error"], report["mean_confidence"]
    if error <= _CALIBRATED:
        return f"Its probabilities can be taken nearly at their word (error {error:.3f})."
    surplus = confidence - report["accuracy"]
    if abs(surplus) < error / 2:
        direction = f"too high in part and too low in part (error {error:.3f})"
    else:
        direction = "too high" if surplus > 0 else "too low"
    return (
        f"Its probabilities are {direction}: it is {confidence:.0%} sure on average and"
        f" {report['accuracy']:.0%} right."
    )


def _on_small_styles(report: Mapping[str, Any]) -> str:
    entries = report["classification_report"]
    small = [
        f"{display_name(style)} ({entries[style]['support']})"
        for style in report["confusion_matrix"]["labels"]
        if 0 < entries[style]["support"] < SMALL_SUPPORT
    ]
    if not small:
        return ""
    return f"A few pictures decide the scores of {', '.join(small)}."


def _on_absent_styles(report: Mapping[str, Any]) -> str:
    absent = report["styles_without_pictures"]
    if not absent:
        return ""
    names = ", ".join(display_name(style) for style in absent)
    return f"The model also knows {names}, of which this split has no picture."
