"""The sentences on a data set."""

from pathlib import Path

from artstyle.data.dataset import DatasetFolder
from artstyle.preparation.summary import artist_sentences
from tests.data.described import write_description
from tests.evaluation.tiny import manifest_row


def test_the_share_of_known_artists_is_said_of_these_and_of_all(tmp_path: Path) -> None:
    artists = {"train": ["a", "b"], "val": ["a", "c"], "test": ["a", "b", "b", "c", ""]}
    rows = [
        manifest_row(f"{split}{n}.jpg", "Cubism", artist, split, f"{n:064x}")
        for split, names in artists.items()
        for n, artist in enumerate(names)
    ]
    write_description(tmp_path / "dataset.json", rows, fingerprint="f" * 64, notes=[])
    val, test, *_ = artist_sentences(DatasetFolder(tmp_path).description)
    assert val.startswith("val: 50.0% of the paintings are by artists who are also in train;")
    assert test.startswith(
        "test: 75.0% of the paintings with a known artist, and 60.0% of all, are by artists"
    )
