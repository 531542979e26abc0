"""The colours of ``page.css``, as a browser would compute them."""

import re
from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb

import artstyle.presentation.pages as pages

CSS = (Path(pages.__file__).parent / "templates" / "page.css").read_text("utf-8")

Colour = tuple[float, float, float]


def variables(scheme: str) -> dict[str, str]:
    """Return the variables of a scheme, "light" or "dark": name without dashes -> value."""
    light, dark = re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): ([^;]+);", light))
    if scheme == "dark":
        found |= dict(re.findall(r"--([\w-]+): ([^;]+);", dark))
    return found


def mixed(first: str, share: float, second: str) -> Colour:
    """Return CSS's color-mix(in srgb, first share, second)."""
    red, green, blue = share * np.array(to_rgb(first)) + (1 - share) * np.array(to_rgb(second))
    return float(red), float(green), float(blue)


def contrast(first: Colour | str, second: Colour | str) -> float:
    """Return the contrast ratio of WCAG 2.2, 1 to 21."""
    luminances = []
    for colour in (first, second):
        channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                    for c in to_rgb(colour)]  # fmt: skip
        luminances.append(0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2])
    low, high = sorted(luminances)
    return (high + 0.05) / (low + 0.05)
