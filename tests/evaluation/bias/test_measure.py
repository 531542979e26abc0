"""Content bias as a part of an evaluation."""

from dataclasses import replace
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import read_manifest, write_manifest
from artstyle.errors import DataError
from artstyle.evaluation.bias import measure
from artstyle.evaluation.bias.wording import bias_line
from artstyle.evaluation.evaluate import evaluate
from artstyle.models.checkpoint import load_style_model
from artstyle.runs.folder import RunFolder
from tests.evaluation.tiny import write_dataset


def give_genres(dataset: DatasetFolder) -> None:
    """Call every second picture a landscape, and let the titles of the others say portrait.

    Baroque landscapes are in the test alone.
    """
    rows = list(read_manifest(dataset.manifest_path))
    for n, row in enumerate(rows):
        if n % 2 and not (row.style == "Baroque" and row.split == "train"):
            rows[n] = replace(row, genre="landscape")
        else:
            rows[n] = replace(row, title="Portrait of a Man")
    write_manifest(dataset.manifest_path, rows)


def test_bias_is_measured_with_all_its_parts(
    run: RunFolder, dataset: DatasetFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "SCENES", 8)
    give_genres(dataset)
    found = evaluate(run, dataset, bias=True).report.content_bias
    assert found is not None
    assert found.genres == {"landscape": 12, "portrait": 12}
    assert found.derived == 12
    assert found.neighbours is not None
    assert found.neighbours.pictures == 24
    lift, index = found.neighbours.genre.value / found.neighbours.style.value, found.neighbours
    assert index.content_bias.value == pytest.approx(lift)
    assert found.genre_probe is not None
    assert found.genre_probe.chance == 0.5
    assert found.combinations is not None
    assert (found.combinations.new_pictures, found.combinations.known_pictures) == (3, 21)
    assert found.flips is not None
    assert (found.flips.scenes, found.flips.styles) == (8, 12)
    assert bias_line(found).startswith("content bias ")
    page = (run.evaluation_path("test") / "report.html").read_text()
    assert "Style or content" in page
    assert page.count("Portrait of a Man (portrait)") + page.count("(landscape)") == 20


def test_few_genres_are_not_measured_unless_asked(run: RunFolder, dataset: DatasetFolder) -> None:
    give_genres(dataset)
    done = evaluate(run, dataset)
    assert done.report.content_bias is None
    assert "Style or content" not in (done.path / "report.html").read_text()


def test_one_genre_or_another_target_is_not_measured_without_being_asked(
    run: RunFolder, dataset: DatasetFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "ENOUGH_PICTURES", 20)
    model, rows = load_style_model(run.best_path, "cpu"), list(dataset.rows("test"))
    portraits = [replace(row, genre="portrait") for row in rows]
    mixed = [replace(row, genre=("portrait", "landscape")[n % 2]) for n, row in enumerate(rows)]
    assert measure.wants_bias(None, mixed, model, "test", "style")
    assert not measure.wants_bias(None, portraits, model, "test", "style")
    assert not measure.wants_bias(None, mixed, model, "test", "genre")
    with pytest.raises(DataError, match="genre is what is recognised here; leave --bias out"):
        measure.wants_bias(True, mixed, model, "test", "genre")


def test_without_genres_one_line_says_what_to_add(run: RunFolder, dataset: DatasetFolder) -> None:
    with pytest.raises(
        DataError, match="needs pictures of two genres, and the test split has none"
    ):
        evaluate(run, dataset, bias=True)
    assert not run.evaluation_path("test").exists()


def test_one_genre_or_one_style_is_not_enough(run: RunFolder, tmp_path: Path) -> None:
    one = write_dataset(tmp_path / "one", styles=("Baroque",))
    give_genres(one)
    with pytest.raises(DataError, match="needs pictures of two styles"):
        evaluate(run, one, bias=True)
    rows = [replace(row, genre="landscape") for row in read_manifest(one.manifest_path)]
    write_manifest(one.manifest_path, rows)
    with pytest.raises(DataError, match="has only 'landscape'"):
        evaluate(run, one, bias=True)


def test_two_streams_have_a_dependence_and_neighbours_by_content_too(
    dual_run: RunFolder,
    tiny_dataset: DatasetFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measure, "ENOUGH_PICTURES", 4)
    done = evaluate(dual_run, tiny_dataset, "train", out=tmp_path / "bias")
    found = done.report.content_bias
    assert found is not None
    assert found.dependence is not None
    assert found.dependence.pictures == done.report.pictures
    assert 0 < found.dependence.by_chance < 1
    page = (tmp_path / "bias/report.html").read_text("utf-8")
    assert page.count("), by style") == page.count("), by content") == 20
    assert "distance correlation" in page
