import hashlib
import multiprocessing
import os
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from artstyle.config import DataConfig
from artstyle.errors import ArtstyleError
from artstyle.preparation.cache import CacheIndex, CacheRules, cache_rules
from artstyle.preparation.scan import Scan, scan_source, unchanged
from artstyle.preparation.sources.opening import open_source
from tests.preparation.pictures import write_collection, write_painting

RULES = cache_rules(DataConfig(cache_size=24))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """70 files, enough for processes: 68 paintings, an empty file and a text."""
    root = write_collection(tmp_path / "museum", ("Cubism", "Rococo"), 34)
    (root / "Cubism" / "empty.jpg").touch()
    (root / "Rococo" / "a-text.jpg").write_text("no picture")
    return root


def scan(root: Path, out: Path, workers: int = 0, rules: CacheRules = RULES) -> Scan:
    source = open_source(root)
    return scan_source(source, CacheIndex(out, "here", rules), rules, workers)


def test_what_is_known_of_a_picture_is_true(root: Path, tmp_path: Path) -> None:
    found = scan(root, tmp_path / "out")
    assert len(found.images) == 68
    for image, scanned in list(zip(found.images, found.scanned, strict=True))[:5]:
        path = root / image.path
        assert scanned.path == image.path
        assert (scanned.size, scanned.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
        assert scanned.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (scanned.width, scanned.height, scanned.format) == (96, 72, "JPEG")
        with Image.open(tmp_path / "out" / scanned.cached) as copy:
            assert copy.size == (32, 24)


def test_unreadable_files_are_reported_and_the_rest_is_read(root: Path, tmp_path: Path) -> None:
    reasons = {image.path: reason for image, reason in scan(root, tmp_path / "out").unreadable}
    assert reasons == {
        "Cubism/empty.jpg": "the file is empty",
        "Rococo/a-text.jpg": "not a picture, but text",
    }


def test_the_number_of_processes_changes_nothing(root: Path, tmp_path: Path) -> None:
    alone, together = scan(root, tmp_path / "alone", 0), scan(root, tmp_path / "two", 2)
    assert alone == together
    for name in (item.cached for item in alone.scanned):
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert not multiprocessing.active_children()


def test_only_what_changed_is_read_again(root: Path, tmp_path: Path) -> None:
    first = scan(root, tmp_path / "out")
    source = open_source(root)
    assert unchanged(source, CacheIndex(tmp_path / "out", "here", RULES)) == 68
    stamps = {item.cached: (tmp_path / "out" / item.cached).stat() for item in first.scanned}
    changed = write_painting(root / first.images[3].path, seed=99)
    os.utime(changed, ns=(1, 1))
    second = scan(root, tmp_path / "out")
    differing = [n for n in range(68) if first.scanned[n] != second.scanned[n]]
    assert differing == [3]
    for cached, stamp in stamps.items():
        assert (tmp_path / "out" / cached).stat().st_mtime_ns == stamp.st_mtime_ns


def test_nothing_is_decoded_when_nothing_changed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = scan(root, tmp_path / "out")
    (root / "Cubism" / "empty.jpg").unlink()
    (root / "Rococo" / "a-text.jpg").unlink()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr(Image, "open", refuse)
    assert scan(root, tmp_path / "out").scanned == first.scanned


def test_an_interrupted_scan_goes_on_where_it_was(root: Path, tmp_path: Path) -> None:
    class Stop(Exception):  # noqa: N818
        pass

    def stop(stage: str, done: int, total: int | None, detail: str = "") -> None:
        raise Stop

    out = tmp_path / "out"
    source = open_source(root)
    with pytest.raises(Stop):
        scan_source(source, CacheIndex(out, "here", RULES), RULES, 2, stop)
    kept = unchanged(source, CacheIndex(out, "here", RULES))
    assert 0 < kept < 68
    assert scan(root, out) == scan(root, tmp_path / "fresh")


def test_a_process_that_is_killed_ends_the_scan_with_one_clear_line(tmp_path: Path) -> None:
    root = tmp_path / "museum"
    (root / "Cubism").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(root / "Cubism" / "0.png", compress_level=1)
    for number in range(1, 100):
        os.link(root / "Cubism" / "0.png", root / "Cubism" / f"{number}.png")
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    killer = threading.Thread(target=_kill_a_worker, args=(before, tmp_path / "out" / "images"))
    killer.start()
    with pytest.raises(ArtstyleError, match=r"was killed.*--set data\.workers=1"):
        scan(root, tmp_path / "out", workers=2)
    killer.join()


def _kill_a_worker(before: set[int], images: Path) -> None:
    """Kill one of the new processes that has worked, once there are results."""
    while not list(images.glob("*/*.jpg")):
        time.sleep(0.05)
    children = psutil.Process().children(recursive=True)
    new = [child for child in children if child.pid not in before]
    busiest = max(new, key=lambda child: child.cpu_times().user)
    busiest.kill()
