"""The page of a whole run."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from artstyle.config import Config, ModelConfig, OptimConfig, TrainConfig
from artstyle.data.dataset import DatasetFolder
from artstyle.evaluation.evaluate import evaluate
from artstyle.explain.folder import HeatmapFolder
from artstyle.report import write_run_report
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import write_yaml
from tests.evaluation.tiny import write_dataset, write_run


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetFolder:
    return write_dataset(tmp_path / "data")


@pytest.fixture
def run(tmp_path: Path, dataset: DatasetFolder) -> RunFolder:
    return write_run(tmp_path / "runs" / "tiny", dataset)


def page_of(run: RunFolder) -> str:
    assert write_run_report(run) == run.report_path
    return run.report_path.read_text("utf-8")


def test_the_page_of_a_run_that_may_not_be_written_goes_elsewhere(
    run: RunFolder, tmp_path: Path
) -> None:
    page = page_of(run)
    run.report_path.unlink()
    other = tmp_path / "elsewhere" / "page.html"
    assert write_run_report(run, other) == other
    assert other.read_text("utf-8") == page
    assert not run.report_path.exists()


def test_a_run_without_evaluation_says_what_to_type_and_not_to_quote_validation(
    run: RunFolder,
) -> None:
    page = page_of(run)
    assert f"artstyle evaluate --run {run.path}" in page
    assert "Only validation scores are known." in page


def test_keys_that_differ_from_their_defaults_stand_apart(run: RunFolder) -> None:
    assert "0 of " in page_of(run)
    config = Config(optim=OptimConfig(lr=0.0123))
    write_yaml(run.config_path, config.model_dump(mode="json"))
    page = page_of(run)
    assert "1 of " in page
    changed = page[page.index("keys differ") : page.index("All keys")]
    assert "optim.lr" in changed
    assert "0.0123" in changed
    assert "optim.momentum" not in changed


def test_a_page_that_is_mailed_lacks_nothing_and_weighs_little(
    run: RunFolder, dataset: DatasetFolder
) -> None:
    evaluate(run, dataset)
    _draw_heatmap(run)
    page = page_of(run)
    assert "Heatmaps" in page
    assert "How sure, how often right" in page
    links = re.findall(r'\b(?:href|src|srcset|action|data)="([^"]*)"', page)
    assert {link[:11] for link in links if not link.startswith("#")} == {"data:image/"}
    assert "url(" not in re.sub(r'="url\(#[^)]*\)"', "", page)
    assert len(page) < 400_000


def test_configuration_and_environment_are_folded(run: RunFolder) -> None:
    write_yaml(run.config_path, Config(optim=OptimConfig(lr=0.0123)).model_dump(mode="json"))
    page = page_of(run)
    for section in ("configuration", "environment"):
        start = page.index(f'<section id="{section}">')
        inside = page[start : page.index("</section>", start)]
        unfolded = re.sub(r"<details>.*?</details>", "", inside, flags=re.DOTALL)
        assert "<table" not in unfolded
        assert "<dl" not in unfolded
        assert "<details>" in inside


def test_a_run_worse_than_one_constant_answer_is_called_so_on_its_page(
    run: RunFolder, dataset: DatasetFolder
) -> None:
    evaluation = evaluate(run, dataset)  # its weights are random
    assert evaluation.report.accuracy <= 0.25
    assert re.search(r'class="lead">This model does [^.]*\. Do not use its answers\.', page_of(run))


def _draw_heatmap(run: RunFolder) -> None:
    folder = HeatmapFolder(run.gradcam_path)
    folder.open()
    Image.new("RGB", (60, 40), "teal").save(folder.path / "a-overlay.jpg")
    record = {
        "path": "scans/a.jpg", "style": "Baroque", "probability": 0.4, "method": "gradcam",
        "model": "0" * 12, "overlay": "a-overlay.jpg", "panel": "a-panel.jpg", "raw": None,
        "region": [0, 0, 1, 1],
    }  # fmt: skip
    folder.records_path.write_text(json.dumps(record) + "\n")


def test_the_epoch_that_was_kept_is_named(run: RunFolder) -> None:
    rows = [dict.fromkeys(run.history()[0], 0.5) | {"epoch": n} for n in (1, 2)]
    run.write_history(rows)
    assert "1 of 2, the best" in page_of(run)
    config = Config(train=TrainConfig(keep="last"))
    write_yaml(run.config_path, config.model_dump(mode="json"))
    assert "2 of 2, the last" in page_of(run)


def test_artist_overlap_and_oracle_are_told_while_the_data_set_is_there(
    run: RunFolder, dataset: DatasetFolder
) -> None:
    page = page_of(run)
    # Of 20 test pictures with a known artist, 8 are by the two artists of train.
    assert "40.0% of the test pictures with a known artist" in page
    assert "Note: made for tests" in page
    description = dataset.description.model_copy(update={"fingerprint": "f" * 64})
    description.write(dataset.description_path)
    page = page_of(run)
    assert "no longer there, or has changed" in page
    assert "40.0%" not in page


def test_what_a_killed_report_left_is_removed_and_a_training_is_left_to_write(
    run: RunFolder,
) -> None:
    page, history = run.path / ".tmpabc.html", run.path / ".tmpabc.csv"
    page.write_text("half a page")
    history.write_text("epoch")
    write_run_report(run)
    assert not page.exists()
    assert history.exists()


def test_a_run_that_ended_before_its_first_epoch_has_a_page_too(run: RunFolder) -> None:
    run.history_path.unlink()
    assert "No epoch was finished." in page_of(run)


@pytest.mark.parametrize(
    ("model", "asked", "told"),
    [
        ("simple_cnn", None, "none"),
        ("resnet50", None, "imagenet"),
        ("resnet50", "none", "none"),
        ("timm/resnet18", None, "imagenet"),
    ],
)
def test_it_says_which_weights_training_began_with(
    run: RunFolder, model: str, asked: str | None, told: str
) -> None:
    config = Config(model=ModelConfig(name=model, weights=asked))
    write_yaml(run.config_path, config.model_dump(mode="json"))
    page = page_of(run)
    assert re.search(rf"weights at the start</dt><dd>{told}<", page)
