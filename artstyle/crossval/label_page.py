"""The page of pictures whose labels are probably wrong."""

from collections import Counter
from pathlib import Path

from artstyle.crossval.document import CrossvalReport, LabelCrossvalReport
from artstyle.crossval.label_issues import ISSUES_NAME, LabelIssue, LabelIssues
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import read_manifest
from artstyle.presentation.pages import (
    Content,
    Gallery,
    Picture,
    Prose,
    Section,
    Table,
    thumbnail,
    write_page,
)
from artstyle.progress import Progress, silent
from artstyle.styles.vocabulary import display_name

PAGE_NAME = "label_issues.html"
PICTURES_SHOWN = 200
_THUMBNAIL_PX = 160


def write_label_page(
    out: Path,
    data: DatasetFolder,
    report: CrossvalReport | LabelCrossvalReport,
    found: LabelIssues,
    progress: Progress = silent,
) -> None:
    """Write ``label_issues.html``.

    Args:
        out: The folder of the cross-validation.
        data: The data set, whose copies of the pictures are shown.
        report: The scores of the answers.
        found: The pictures, the most confident contradiction first.
        progress: Called after each picture.
    """
    sections = [Section("Summary", _summary(report, found))]
    if found.issues:
        sections += [
            Section("Pictures", [_gallery(data, found, progress)]),
            Section("Which labels", [_pairs(found)]),
        ]
    title = "Labels that are probably wrong"
    subtitle = f"Cross-validation of {report.architecture} on {report.dataset_path}"
    write_page(out / PAGE_NAME, title, subtitle, sections)


def _summary(report: CrossvalReport | LabelCrossvalReport, found: LabelIssues) -> list[Prose]:
    count = len(found.issues)
    lines = [
        Prose(
            f"{count:,} of {found.judged:,} labels are contradicted by answers of runs that had not"
            " seen the picture.",
            strong=True,
        ),
        Prose(
            f"The runs themselves are right for {report.accuracy.value:.0%} of pictures, so many of"
            " these labels are right. Look at each picture; nothing was changed. The order is that"
            f" of the table, {ISSUES_NAME}: the clearest contradiction comes first."
        ),
        Prose(
            "A label is listed if another style is the most probable one, and at least as probable"
            " as it usually is for pictures labelled so (Northcutt et al. 2021)."
        ),
    ]
    if found.unlearnt:
        lines.append(
            Prose(
                f"{found.unlearnt:,} pictures were not judged: all pictures of their style are in"
                " one fold, whose runs could not learn it."
            )
        )
    return lines


def _gallery(data: DatasetFolder, found: LabelIssues, progress: Progress) -> Gallery:
    rows = {row.path: row for row in read_manifest(data.manifest_path)}
    shown, pictures = found.issues[:PICTURES_SHOWN], []
    for done, issue in enumerate(shown, start=1):
        row = rows[issue.path]
        source = thumbnail(data.image_path(row), _THUMBNAIL_PX)
        alt = f"{row.title or row.path}, labelled {display_name(issue.style)}"
        pictures.append(Picture(source, alt, _caption(issue)))
        progress("shrinking pictures", done, len(shown))
    hidden = len(found.issues) - len(shown)
    more = f"; {hidden:,} more are in {ISSUES_NAME}" if hidden else ""
    return Gallery(f"The clearest {len(shown):,}{more}", pictures, open=True)


def _caption(issue: LabelIssue) -> str:
    label, answer = display_name(issue.style), display_name(issue.predicted)
    lines = [
        f"labelled {label} ({issue.style_probability:.0%})",
        f"answered {answer} ({issue.predicted_probability:.0%})",
    ]
    return "\n".join([*lines, *([issue.artist] if issue.artist else []), issue.path])


def _pairs(found: LabelIssues) -> Table:
    pairs = Counter((issue.style, issue.predicted) for issue in found.issues)
    rows: list[list[Content]] = [
        [display_name(style), display_name(predicted), count]
        for (style, predicted), count in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return Table(["label", "answer", "pictures"], rows)
