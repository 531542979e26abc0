"""Made-up paintings for tests: like a painting, each is smooth in the large and rough in detail."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def painting(seed: int, size: tuple[int, int] = (96, 72)) -> Image.Image:
    """Return a picture that looks like no other seed's."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    rough = smooth + rng.normal(0, 8, smooth.shape)
    return Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))


def recompressed(image: Image.Image, quality: int = 60) -> Image.Image:
    """Return what a JPEG of this quality makes of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def write_painting(path: Path, seed: int, size: tuple[int, int] = (96, 72)) -> Path:
    """Write a made-up painting as a JPEG; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    painting(seed, size).save(path, quality=90)
    return path


def write_collection(root: Path, styles: tuple[str, ...], per_style: int) -> Path:
    """Write ``per_style`` paintings of each style, by artists who have two each."""
    for number, style in enumerate(styles):
        for n in range(per_style):
            name = f"{style.lower()}-artist-{n // 2}_work-{n}.jpg"
            write_painting(root / style / name, 1000 * number + n)
    return root
