import json
from pathlib import Path

import pytest

from artstyle.config import LabelsConfig
from artstyle.errors import ArtstyleError
from artstyle.preparation.sources.opening import open_source
from artstyle.preparation.sources.source import Source
from tests.preparation.source_files import paint, write_manifest

CARD = """---
license: cc0-1.0
dataset_info:
  features:
  - name: image
    dtype: image
  - name: label
    dtype:
      class_label:
        names:
          '0': Pop Art
          '1': Renaissance, Early
---
# Pictures
"""


def write_lines(path: Path, *objects: dict[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(found) + "\n" for found in objects), "utf-8")
    return path


def found(source: Source) -> dict[str, tuple[str, str]]:
    return {image.path: (image.style, image.split) for image in source.images}


def test_metadata_in_each_split_names_the_files_next_to_it(tmp_path: Path) -> None:
    paint(
        tmp_path, "data/train/a.jpg", "data/train/sub/b.jpg", "data/test/c.jpg", "data/test/d.jpg"
    )
    write_manifest(
        tmp_path / "data" / "train" / "metadata.csv",
        [{"file_name": "a.jpg", "label": "Cubism"}, {"file_name": "sub/b.jpg", "label": "rococo"}],
    )
    write_lines(
        tmp_path / "data" / "test" / "metadata.jsonl",
        {"file_name": "c.jpg", "label": "Cubism", "artist": "Gris", "text": "a\u2028b"},
    )
    source = open_source(tmp_path)
    assert source.format == "imagefolder"
    assert found(source) == {
        "data/test/c.jpg": ("Cubism", "test"),
        "data/train/a.jpg": ("Cubism", "train"),
        "data/train/sub/b.jpg": ("Rococo", "train"),
    }
    assert source.images[0].artist == "Gris"
    assert any("that no metadata file names, left out: 1" in note for note in source.notes)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("README.md", CARD),
        (
            "dataset_infos.json",
            json.dumps(
                {
                    "default": {
                        "features": {
                            "label": {
                                "names": ["Pop Art", "Renaissance, Early"],
                                "_type": "ClassLabel",
                            }
                        }
                    }
                }
            ),
        ),
    ],
)
def test_class_numbers_have_the_names_of_the_data_set(
    tmp_path: Path, name: str, content: str
) -> None:
    paint(tmp_path, *(f"{n}.jpg" for n in range(4)))
    cells = [0, 1, -1, [1, 0]]
    write_lines(
        tmp_path / "metadata.jsonl",
        *({"file_name": f"{n}.jpg", "label": cell} for n, cell in enumerate(cells)),
    )
    unnamed = open_source(tmp_path)
    assert any("the numbers in 'label' are the labels' names" in note for note in unnamed.notes)
    (tmp_path / name).write_text(content, "utf-8")
    several = open_source(tmp_path, labels=LabelsConfig(multi=True))
    assert {path: style for path, (style, _) in found(several).items()} == {
        "0.jpg": "Pop_Art",
        "1.jpg": "Renaissance,_Early",
        "3.jpg": "Pop_Art|Renaissance,_Early",
    }
    assert set(found(open_source(tmp_path))) == {"0.jpg", "1.jpg"}


def test_captions_without_a_label_leave_the_folders_their_say(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    write_manifest(
        tmp_path / "metadata.csv", [{"file_name": "Cubism/a_b.jpg", "text": "a still life"}]
    )
    source = open_source(tmp_path)
    assert (source.format, source.skipped) == ("folders", ())
    assert any("metadata.csv is not used: it has no column style or" in n for n in source.notes)
    captions = open_source(tmp_path, labels=LabelsConfig(target="text"))
    assert found(captions) == {"Cubism/a_b.jpg": ("a_still_life", "")}
    with pytest.raises(ArtstyleError, match=r"metadata\.csv has no column style, only file_name"):
        open_source(tmp_path, "imagefolder")
    write_manifest(tmp_path / "metadata.csv", [{"id": "1", "style": "Rococo"}])
    other = open_source(tmp_path)
    assert (found(other), other.skipped) == ({"Cubism/a_b.jpg": ("Cubism", "")}, ("metadata.csv",))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('{"file_name": "a.jpg", "label"\n', r"metadata\.jsonl line 1 is not valid JSON"),
        ('\n["a.jpg"]\n', r"metadata\.jsonl line 2 is not a JSON object"),
        ('{"file_name": "../a.jpg", "label": "Cubism"}\n', "leads out of"),
    ],
)
def test_metadata_that_cannot_be_read_says_where(tmp_path: Path, lines: str, message: str) -> None:
    paint(tmp_path, "a.jpg")
    (tmp_path / "metadata.jsonl").write_text(lines)
    with pytest.raises(ArtstyleError, match=message):
        open_source(tmp_path)


def test_a_picture_in_two_metadata_files_is_refused(tmp_path: Path) -> None:
    paint(tmp_path, "sub/a.jpg")
    write_lines(tmp_path / "metadata.jsonl", {"file_name": "sub/a.jpg", "label": "Cubism"})
    write_manifest(tmp_path / "sub" / "metadata.csv", [{"file_name": "a.jpg", "label": "Rococo"}])
    with pytest.raises(ArtstyleError, match=r"two metadata files name sub/a\.jpg"):
        open_source(tmp_path)
