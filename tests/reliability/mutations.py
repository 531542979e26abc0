"""Read pictures that were damaged at random, and account for every one.

    python -m tests.reliability.mutations 20000

Prints JSON: how many were read and how many rejected, how many of those read are not what Pillow
alone makes of them, the longest time of one in seconds of this process, and the most memory that
was held in MB. Anything but a picture or an ImageError ends it with a traceback. The extras are
blocked: what they read, Pillow does not.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artstyle.errors import ImageError
from artstyle.pictures.image import read_image
from tests.preparation.pictures import painting
from tests.reliability.strict import Pixels, mended, strict_pixels
from tests.reliability.traps import encoded

_PICTURES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("RGB", "JPEG", {"quality": 85}),
    ("RGB", "JPEG", {"progressive": True}),
    ("CMYK", "JPEG", {}),
    ("L", "JPEG", {}),
    ("RGB", "PNG", {}),
    ("RGBA", "PNG", {}),
    ("P", "PNG", {"transparency": 0}),
    ("I;16", "PNG", {}),
    ("RGB", "WEBP", {}),
    ("RGBA", "WEBP", {"lossless": True}),
    ("RGB", "TIFF", {}),
    ("RGB", "TIFF", {"compression": "tiff_lzw"}),
    ("RGB", "TIFF", {"compression": "tiff_adobe_deflate"}),
    ("CMYK", "TIFF", {"compression": "packbits"}),
    ("1", "TIFF", {"compression": "group4"}),
    ("P", "GIF", {}),
    ("RGB", "BMP", {}),
    ("L", "BMP", {}),
    ("RGB", "JPEG2000", {}),
    ("RGB", "AVIF", {}),
)
_HEAD_BYTES = 96


def originals() -> list[bytes]:
    """Return a small picture of each kind."""
    return [_original(n, *kind) for n, kind in enumerate(_PICTURES)]


def mutated(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Return a file with one to eight damages; half of them where it says what it is."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        end = min(len(data), _HEAD_BYTES) if rng.random() < 0.5 else len(data)
        at = int(rng.integers(0, max(end, 1)))
        length = int(rng.integers(1, 33))
        kind = rng.integers(0, 7)
        if kind == 0:
            data[at : at + 1] = rng.bytes(1)
        elif kind == 1:
            data[at : at + length] = rng.bytes(length)
        elif kind == 2:
            data[at : at + 4] = [b"\0\0\0\0", b"\xff" * 4, b"\x7f\xff\xff\xff"][rng.integers(0, 3)]
        elif kind == 3:
            del data[at : at + length]
        elif kind == 4:
            data[at:at] = data[at : at + length]
        elif kind == 5:
            data[at : at + length] = other[at : at + length]
        elif rng.random() < 0.2:
            del data[at:]
    return bytes(data)


def run(count: int, seed: int = 0) -> dict[str, Any]:
    """Read ``count`` damaged pictures and return what came of them."""
    rng, files = np.random.default_rng(seed), originals()
    outcomes: Counter[str] = Counter()
    longest = 0.0
    for n in range(count):
        content = mutated(files[n % len(files)], files[int(rng.integers(len(files)))], rng)
        # Not the clock on the wall: the machine may have other work.
        started = time.process_time()
        try:
            pixels: Pixels | None = np.asarray(read_image(content).pixels)
        except ImageError:
            pixels = None
        longest = max(longest, time.process_time() - started)
        outcomes["rejected" if pixels is None else "read"] += 1
        if pixels is not None and not is_what_pillow_reads(content, pixels):
            outcomes["wrong"] += 1
    return {**outcomes, "count": count, "longest_s": round(longest, 3), "peak_mb": peak_mb()}


def is_what_pillow_reads(content: bytes, pixels: Pixels) -> bool:
    """Return whether pixels equal those that Pillow alone reads, of a file that it reads.

    One level is left to the rounding of half-transparent pixels.
    """
    for candidate in (content, *mended(content)):
        expected = strict_pixels(candidate)
        if expected is not None:
            return expected.shape == pixels.shape and bool(
                (np.abs(expected.astype(np.int16) - pixels) <= 1).all()
            )
    return False


def peak_mb() -> int:
    """Return the most memory that this program held; not getrusage, which counts its parent's."""
    status = Path("/proc/self/status").read_text()
    found = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(found.split()[1]) // 1024


def _original(seed: int, mode: str, kind: str, options: dict[str, Any]) -> bytes:
    image = painting(seed, (90, 70))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)
    elif mode == "RGBA":
        image.putalpha(painting(seed + 50, (90, 70)).convert("L"))
    elif mode == "P":
        image = image.convert("P", palette=Image.Palette.ADAPTIVE)
    else:
        image = image.convert(mode)
    return encoded(image, kind, **options)


if __name__ == "__main__":
    sys.modules.update(dict.fromkeys(("tifffile", "imagecodecs", "pillow_heif")))  # type: ignore[arg-type]
    json.dump(run(int(sys.argv[1])), sys.stdout)
