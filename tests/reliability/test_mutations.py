"""Pictures damaged at random, of any size, and while they are read: rejected, never a crash."""

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

PROJECT = Path(__file__).parents[2]
MOST_MB = 600
"""For damaged files of a few kilobytes, which may claim any size up to the limit."""
MOST_MB_OF_THE_LARGEST = 1500
"""For a picture of 196 megapixels, just under the limit."""

READ_ONE = """
import sys
from pathlib import Path
from artstyle.pictures.image import read_image
from tests.reliability.mutations import peak_mb
print(read_image(Path(sys.argv[1]), short_side_px=432).pixels.size)
print(peak_mb())
"""
CUT_WHILE_READ = """
import sys
import time
from pathlib import Path
from threading import Thread
from artstyle.errors import ImageError
from artstyle.pictures.image import read_image
path, outcomes, going = Path(sys.argv[1]), set(), True
whole = path.read_bytes()
def change():
    while going:
        with path.open("rb+") as file:
            file.truncate(200)
        path.write_bytes(whole)
        path.unlink()
        path.write_bytes(whole)
        time.sleep(0.001)
changer = Thread(target=change)
changer.start()
began, reads = time.monotonic(), 0
while reads < 1000 or (len(outcomes) < 2 and time.monotonic() < began + 60):
    reads += 1
    try:
        read_image(path)
        outcomes.add("read")
    except ImageError as error:
        outcomes.add("rejected")
going = False
changer.join()
print(*sorted(outcomes))
"""


def run(*words: str | Path) -> str:
    done = subprocess.run([sys.executable, *words], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_of_damaged_pictures_each_is_read_or_rejected_within_a_second() -> None:
    found = json.loads(run("-m", "tests.reliability.mutations", "2000"))
    assert found["read"] + found["rejected"] == found["count"] == 2000
    assert "wrong" not in found  # What is read is what Pillow alone makes of the file.
    assert min(found["read"], found["rejected"]) > 200  # The damage is neither fatal nor idle.
    assert found["longest_s"] < 1
    assert found["peak_mb"] < MOST_MB


def test_a_small_file_of_196_megapixels_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("RGB", (14_000, 14_000)).save(path, compress_level=9)
    assert path.stat().st_size < 1_000_000
    size, peak_mb = run("-c", READ_ONE, path).splitlines()
    assert size == "(432, 432)"
    assert int(peak_mb) < MOST_MB_OF_THE_LARGEST


def test_a_file_that_is_cut_short_or_gone_while_it_is_read_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"  # Grey and not compressed: what Pillow would map into memory.
    Image.linear_gradient("L").resize((512, 512)).save(path)
    assert run("-c", CUT_WHILE_READ, path).split() == ["read", "rejected"]
