"""Colours as sRGB: embedded ICC profiles, and what PNG and AVIF say without one."""

import io
import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

# As Photoshop does it by default: colours that sRGB has stay as they are, and black stays black.
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
# Vendors' sRGB profiles differ from each other by one of 255 levels at most.
_SAME = 1
UNUSABLE = b""
"""The value of a profile that cannot be read."""


@dataclass(frozen=True)
class _Conversion:
    mode: str
    """Pillow's mode of the pixels that the profile describes."""
    transform: ImageCms.ImageCmsTransform | None
    """To sRGB; None for a profile that is sRGB's own."""


def to_srgb(colour: Image.Image, profile: bytes | None) -> tuple[Image.Image, bool]:
    """Return a picture as sRGB, and whether its profile could be used.

    Args:
        colour: L, RGB, CMYK or LAB, 8 bits a sample, without alpha.
        profile: ICC profile; None where there is none: then grey and RGB are sRGB already, and
            CMYK is converted by Pillow's plain formula.
    """
    if profile is None:
        return _without_profile(colour), True
    conversion = _conversion(profile)
    fitting = _in_mode(colour, conversion.mode) if conversion else None
    if conversion is None or fitting is None:
        return _without_profile(colour), False
    if conversion.transform is None:
        return _without_profile(fitting), True
    return conversion.transform.apply(fitting), True


def _without_profile(colour: Image.Image) -> Image.Image:
    if colour.mode == "LAB":
        return _lab_transform().apply(colour)
    return colour if colour.mode == "RGB" else colour.convert("RGB")


def _in_mode(colour: Image.Image, mode: str) -> Image.Image | None:
    """Return the picture in the mode of a profile; None if its pixels are of another kind."""
    if colour.mode == mode:
        return colour
    if (colour.mode, mode) == ("L", "RGB"):
        return colour.convert("RGB")
    if (colour.mode, mode) == ("RGB", "L"):  # Pillow reads some grey pictures as RGB.
        red, green, blue = (channel.tobytes() for channel in colour.split())
        return colour.getchannel(0) if red == green == blue else None
    return None


@lru_cache(maxsize=16)
def _conversion(profile: bytes) -> _Conversion | None:
    """Return how pixels under a profile become sRGB, None if the profile cannot be used."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _MODES.get(opened.profile.xcolor_space.strip())
        if mode is None:
            return None
        transform = _transform(opened, mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return _Conversion(mode, None if _changes_nothing(transform, mode) else transform)


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCms.ImageCmsTransform:
    return _transform(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB")


def _transform(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    srgb = ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(profile, srgb, mode, "RGB", _INTENT, _FLAGS)


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Return whether a transform leaves a grid of colours, or all greys, as they are."""
    if mode == "L":
        probe = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    elif mode == "RGB":
        levels = np.arange(0, 256, 15, dtype=np.uint8)
        grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
        probe = Image.fromarray(np.ascontiguousarray(grid.reshape(1, -1, 3)))
    else:
        return False
    before = np.asarray(probe.convert("RGB"), np.int16)
    after = np.asarray(transform.apply(probe), np.int16)
    return bool(np.abs(after - before).max() <= _SAME)


# ITU-T H.273: chromaticities x, y of red, green, blue and white.
_D65 = (0.3127, 0.3290)
_SRGB_PRIMARIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_PRIMARIES = {
    1: _SRGB_PRIMARIES,
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
}
# Transfer characteristics: video's are shown with sRGB's curve, 0 means it.
_GAMMAS = {1: 0.0, 4: 2.2, 5: 2.8, 6: 0.0, 8: 1.0, 13: 0.0, 14: 0.0, 15: 0.0}
_UNSPECIFIED = 2
# 1 / 2.2 is how programs that know no better curve write down sRGB.
_GAMMA_OF_SRGB = (0.449, 0.460)


def png_profile(profile: bytes | None, colours: dict[bytes, bytes]) -> bytes | None:
    """Return the profile of a PNG file, made from its chunks where it has none.

    PNG 3rd edition, 4.3: cICP comes before iCCP, that before sRGB, that before gAMA and cHRM.

    Args:
        profile: From iCCP.
        colours: The content of the chunks cICP, sRGB, gAMA and cHRM.
    """
    if len(code := colours.get(b"cICP", b"")) == 4:
        return coded_profile(code[0], code[1])
    if profile is not None or b"sRGB" in colours:
        return profile
    gamma, chromaticities = colours.get(b"gAMA", b""), colours.get(b"cHRM", b"")
    if len(gamma) != 4 and len(chromaticities) != 32:
        return None
    power, primaries = 0.0, _SRGB_PRIMARIES
    if len(gamma) == 4 and any(gamma):
        encoding = struct.unpack(">I", gamma)[0] / 100_000
        power = 0.0 if _GAMMA_OF_SRGB[0] < encoding < _GAMMA_OF_SRGB[1] else 1 / encoding
    if len(chromaticities) == 32:
        white, colour = np.split(np.array(struct.unpack(">8I", chromaticities)) / 100_000, [2])
        primaries = (*colour.tolist(), *white.tolist())
    return _rgb_profile(primaries, power)


def coded_profile(primaries: int, transfer: int) -> bytes | None:
    """Return the profile of code points of ITU-T H.273; ``UNUSABLE`` for brightness beyond white.

    Args:
        primaries: Colour primaries, 2 where they are not stated.
        transfer: Transfer characteristics, 2 likewise.
    """
    if primaries == transfer == _UNSPECIFIED:
        return None
    known = 1 if primaries == _UNSPECIFIED else primaries
    curve = 13 if transfer == _UNSPECIFIED else transfer
    if known not in _PRIMARIES or curve not in _GAMMAS:
        return UNUSABLE
    return _rgb_profile(_PRIMARIES[known], _GAMMAS[curve])


@lru_cache(maxsize=16)
def _rgb_profile(primaries: tuple[float, ...], gamma: float) -> bytes:
    """Return an ICC profile of three primaries and one curve (ICC.1:2010, 8.3 and 10.15).

    Args:
        primaries: x, y of red, green, blue and white.
        gamma: The curve's power; 0 is sRGB's curve.
    """
    x_4, y_4 = np.array(primaries).reshape(4, 2).T
    if (y_4 <= 0).any():
        return UNUSABLE
    xyz_34 = np.stack([x_4 / y_4, np.ones(4), (1 - x_4 - y_4) / y_4])
    try:
        strengths = np.linalg.solve(xyz_34[:, :3], xyz_34[:, 3])
    except np.linalg.LinAlgError:
        return UNUSABLE
    colorants = _adapted_to_d50(xyz_34[:, 3]) @ (xyz_34[:, :3] * strengths)
    if np.abs(colorants).max() > 10 or not 0 <= gamma < 100:
        return UNUSABLE
    curve = b"para\0\0\0\0" + (
        struct.pack(">HH", 0, 0) + _fixed(gamma)
        if gamma
        else struct.pack(">HH", 3, 0) + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    )
    tags = {b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50)}
    for n, name in enumerate((b"r", b"g", b"b")):
        tags[name + b"XYZ"] = b"XYZ \0\0\0\0" + _fixed(*colorants[:, n])
        tags[name + b"TRC"] = curve
    return _icc_file(tags)


_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def _adapted_to_d50(white: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the matrix that takes XYZ under a white to XYZ under D50 (ICC.1:2010, annex E)."""
    scale = (_BRADFORD @ np.array(_D50)) / (_BRADFORD @ white)
    adapted: npt.NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD
    return adapted


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _icc_file(tags: dict[bytes, bytes]) -> bytes:
    table, data, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(value))
        data += value + b"\0" * (-len(value) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s28x", start + len(data), 0x04200000, b"mntr", b"RGB ",
                         b"XYZ ", b"acsp") + _fixed(*_D50)  # fmt: skip
    return header.ljust(128, b"\0") + table + data
