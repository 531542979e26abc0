from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artstyle.config import DataConfig
from artstyle.preparation.cache import (
    CacheIndex,
    CacheRules,
    cache_rules,
    source_of,
    write_copy,
)
from artstyle.preparation.likeness import likeness
from artstyle.preparation.scan_table import ScannedImage, ScannedImages, cached_name
from tests.preparation.pictures import painting

RULES = cache_rules(DataConfig(cache_size=40))


def scanned(folder: Path, path: str, rules: CacheRules = RULES) -> ScannedImage:
    """Write the copy of a made-up file and return what is known of it."""
    pixels, sha256 = painting(len(path)), f"{len(path):064x}"
    cached = cached_name(sha256, rules.key)
    return ScannedImage(
        path=path,
        size=10,
        mtime_ns=20,
        sha256=sha256,
        width=96,
        height=72,
        format="JPEG",
        mode="RGB",
        likeness=likeness(pixels),
        cached=cached,
        cached_bytes=write_copy(folder, cached, pixels),
        profile_ignored=False,
    )


def index_with(folder: Path, *paths: str) -> list[ScannedImage]:
    index = CacheIndex(folder, "/source", RULES)
    items = [scanned(folder, path) for path in paths]
    index.begin()
    index.add(items)
    return items


def finish(index: CacheIndex, *items: ScannedImage) -> None:
    scanned = ScannedImages(RULES.key)
    for item in items:
        scanned.append(item.path, item)
    index.settle(scanned)
    index.finish()


def test_what_was_added_is_found_by_the_next_run(tmp_path: Path) -> None:
    items = index_with(tmp_path, "A/x.jpg", 'A/na\udcffme\nwith,"traps.jpg')
    again = CacheIndex(tmp_path, "/source", RULES)
    assert [again.find(item.path, (10, 20)) for item in items] == items
    assert again.find("A/other.jpg", (10, 20)) is None


@pytest.mark.parametrize("stat", [(11, 20), (10, 21), (-1, -1)])
def test_a_file_that_changed_is_not_found(stat: tuple[int, int], tmp_path: Path) -> None:
    index_with(tmp_path, "A/x.jpg")
    assert CacheIndex(tmp_path, "/source", RULES).find("A/x.jpg", stat) is None


@pytest.mark.parametrize("damage", ["gone", "empty", "short"])
def test_a_file_whose_copy_is_damaged_is_not_found(damage: str, tmp_path: Path) -> None:
    (item,) = index_with(tmp_path, "A/x.jpg")
    copy = tmp_path / item.cached
    content = copy.read_bytes()
    copy.unlink()
    if damage != "gone":
        copy.write_bytes(content[:-1] if damage == "short" else b"")
    assert CacheIndex(tmp_path, "/source", RULES).find("A/x.jpg", (10, 20)) is None


def test_other_rules_or_another_source_know_nothing(tmp_path: Path) -> None:
    index_with(tmp_path, "A/x.jpg")
    others = [
        CacheIndex(tmp_path, "/elsewhere", RULES),
        CacheIndex(tmp_path, "/source", cache_rules(DataConfig(cache_size=41))),
        CacheIndex(tmp_path, "/source", cache_rules(DataConfig(cache_size=40, max_pixels=9))),
    ]
    assert all(other.find("A/x.jpg", (10, 20)) is None for other in others)


@pytest.mark.parametrize("cut", [2, 50, 400])
def test_a_cut_off_line_is_ignored_and_does_not_spoil_the_next(cut: int, tmp_path: Path) -> None:
    first, second = index_with(tmp_path, "A/x.jpg", "A/yy.jpg")
    path = tmp_path / "images" / "index.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    index = CacheIndex(tmp_path, "/source", RULES)
    assert index.find(second.path, (10, 20)) is None
    index.begin()
    index.add([second])
    again = CacheIndex(tmp_path, "/source", RULES)
    assert [again.find(item.path, (10, 20)) for item in (first, second)] == [first, second]


def test_an_index_that_is_garbage_is_started_again(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "index.jsonl").write_bytes(b"\x00\xff\n[1]\n{\n")
    assert source_of(tmp_path) is None
    (item,) = index_with(tmp_path, "A/x.jpg")
    assert CacheIndex(tmp_path, "/source", RULES).find("A/x.jpg", (10, 20)) == item
    assert source_of(tmp_path) == "/source"


def test_finishing_removes_what_is_not_referred_to_inside_images_only(tmp_path: Path) -> None:
    kept, left = index_with(tmp_path, "A/x.jpg", "A/yy.jpg")
    (tmp_path / "images" / ".tmp-half.jpg").touch()
    (tmp_path / "images" / "zz").mkdir()
    (tmp_path / "images" / "zz" / "stale.jpg").touch()
    (tmp_path / "mine.jpg").touch()
    finish(CacheIndex(tmp_path, "/source", RULES), kept)
    files = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert files == {"images/index.jsonl", kept.cached, "mine.jpg"}
    again = CacheIndex(tmp_path, "/source", RULES)
    assert again.find(kept.path, (10, 20)) == kept
    assert again.find(left.path, (10, 20)) is None


def test_finishing_what_is_unchanged_does_not_write(tmp_path: Path) -> None:
    items = index_with(tmp_path, "A/x.jpg", "A/yy.jpg")
    path = tmp_path / "images" / "index.jsonl"
    before = path.stat().st_mtime_ns
    finish(CacheIndex(tmp_path, "/source", RULES), *items)
    assert path.stat().st_mtime_ns == before


def test_the_name_of_a_copy_follows_from_content_and_rules() -> None:
    assert cached_name("a" * 64, "k") == cached_name("a" * 64, "k")
    assert cached_name("a" * 64, "k") != cached_name("b" * 64, "k")
    assert cached_name("a" * 64, "k") != cached_name("a" * 64, "l")


def test_a_copy_keeps_colours_of_single_pixels(tmp_path: Path) -> None:
    """Chroma subsampling would mix red and blue lines into violet ones."""
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[::2, :, 0], pixels[1::2, :, 2] = 255, 255
    write_copy(tmp_path, "images/aa/x.jpg", Image.fromarray(pixels))
    with Image.open(tmp_path / "images" / "aa" / "x.jpg") as copy:
        difference = np.abs(np.asarray(copy).astype(int) - pixels).mean()
    assert difference < 6


def test_a_strip_of_pixels_is_shrunk_to_what_jpeg_can_hold(tmp_path: Path) -> None:
    write_copy(tmp_path, "images/aa/x.jpg", Image.new("RGB", (100_000, 20)))
    with Image.open(tmp_path / "images" / "aa" / "x.jpg") as copy:
        assert copy.size == (16_384, 3)
