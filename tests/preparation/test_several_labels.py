from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from artstyle.config import LabelsConfig
from artstyle.errors import ArtstyleError
from artstyle.preparation.balance import common_labels, counted_labels
from artstyle.preparation.paintings import Paintings
from artstyle.preparation.prepare import plan, prepare
from artstyle.preparation.stratify import stratified_splits
from artstyle.styles.names import labels_in
from tests.preparation.pictures import write_painting
from tests.preparation.prepared import config, rejected, rows
from tests.preparation.source_files import write_manifest

CELLS = ["A|B", "A", "B", "A|C", "A", "B|A", "B", "A", "A|B", "B", "A", "C|rare"]


def museum(tmp_path: Path) -> Path:
    for number in range(len(CELLS)):
        write_painting(tmp_path / "museum" / f"{number}.jpg", number)
    listed = [{"path": f"{n}.jpg", "style": cell} for n, cell in enumerate(CELLS)]
    return write_manifest(tmp_path / "museum" / "manifest.csv", listed)


def test_each_painting_has_all_its_labels_and_counts_once_in_the_totals(tmp_path: Path) -> None:
    settings = config("labels.multi=true", "balance.min_per_style=2")
    source = museum(tmp_path).parent
    prepared = prepare(source, tmp_path / "data", settings)
    description, found = prepared.dataset.description, rows(prepared)
    assert description.labels == ("A", "B", "C")
    assert description.config.labels == LabelsConfig(multi=True)
    assert {path: row.style for path, row in found.items()} == {
        f"{n}.jpg": "|".join(sorted(label for label in cell.split("|") if label != "rare"))
        for n, cell in enumerate(CELLS)
    }
    expected = Counter(label for row in found.values() for label in row.style.split("|"))
    split = description.split
    assert {n: sum(c.to_dict().values()) for n, c in split.counts.items()} == dict(expected)
    assert sum(split.totals.to_dict().values()) == len(CELLS) == description.counts.taking_part
    assert any("not recognised: rare (1)" in note for note in description.notes)
    planned = plan(source, tmp_path / "other", settings)
    assert (planned.kept["A"], planned.kept["rare"], planned.taking_part) == (8, 0, 12)
    again = prepare(source, tmp_path / "data", settings).dataset.description
    assert again == description


def test_a_painting_of_rare_labels_alone_is_left_out_under_its_own_name(tmp_path: Path) -> None:
    settings = config("labels.multi=true", "balance.min_per_style=4")
    prepared = prepare(museum(tmp_path).parent, tmp_path / "data", settings)
    assert prepared.dataset.labels == ("A", "B")
    assert rejected(prepared) == {"11.jpg": ("rare_style", "")}
    assert rows(prepared)["11.jpg"].style == "C|rare"
    alone = config("labels.multi=true", "balance.min_per_style=99")
    with pytest.raises(ArtstyleError, match="no style has 99 paintings: the largest, A, has 8"):
        prepare(museum(tmp_path).parent, tmp_path / "none", alone)
    equal = config("labels.multi=true", "balance.policy=equal")
    with pytest.raises(ArtstyleError, match=r"balance\.policy is equal, but a painting may have"):
        prepare(museum(tmp_path).parent, tmp_path / "none", equal)


def test_lines_that_name_one_file_are_its_labels(tmp_path: Path) -> None:
    for number in range(4):
        write_painting(tmp_path / f"{number}.jpg", number)
    listed = [("0", "A"), ("0", "B"), ("1", "A"), ("2", "B"), ("3", "A")]
    manifest = write_manifest(
        tmp_path / "list.csv", [{"path": f"{n}.jpg", "style": style} for n, style in listed]
    )
    settings = config("labels.multi=true", "balance.min_per_style=1")
    found = rows(prepare(manifest, tmp_path / "data", settings))
    assert found["0.jpg"].style == "A|B"
    single = config("balance.min_per_style=1")
    assert "0.jpg" not in rows(prepare(manifest, tmp_path / "single", single))


def test_the_rarest_label_is_what_a_painting_counts_for() -> None:
    styles = ["A|B", "A", "A", "B", "B|C"]
    assert counted_labels(styles) == ["A", "A", "A", "B", "C"]
    assert common_labels(styles, 2) == ["A|B", "A", "A", "B", "B"]
    assert common_labels(styles, 4) == ["", "", "", "", ""]


def test_every_label_has_its_share_of_every_split() -> None:
    rng = np.random.default_rng(0)
    names = np.array(list("ABCDEF"))
    shares = np.array([0.6, 0.4, 0.3, 0.2, 0.1, 0.05])
    styles: list[str] = []
    while len(styles) < 600:
        if chosen := names[rng.random(6) < shares].tolist():
            styles.append("|".join(chosen))
    total = len(styles)
    paths = [f"{n:04d}" for n in range(total)]
    paintings = Paintings(paths, styles, [""] * total, list(range(total)), [""] * total)
    splits = stratified_splits(paintings, (0.7, 0.15, 0.15), 42)
    sizes = np.bincount(splits) / total
    assert np.abs(sizes - (0.7, 0.15, 0.15)).max() < 0.02
    for name in names:
        rows = [split for split, style in zip(splits, styles, strict=True)
                if name in labels_in(style)]  # fmt: skip
        ratios = np.bincount(rows, minlength=3) / len(rows)
        # To within a painting or two of the rarest label, which has about 35.
        assert np.abs(ratios - (0.7, 0.15, 0.15)).max() < 2.5 / len(rows) + 0.005, name
