"""What the synthetic paintings show: subjects composed from a random generator, and lit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from PIL import ImageColor

from artstyle.painter.shapes import Composition, FloatArray, Shape

Content = Callable[[Generator, float], Composition]
"""Composes a subject for a canvas of the given width over height."""

ROLE_COLOURS: dict[str, tuple[str, ...]] = {
    "sky": ("#8fb8dc", "#a9cbe6", "#7fa9d6"),
    "cloud": ("#f3f1ec", "#e4e6ea"),
    "sun": ("#fdf0b4", "#fbe08a"),
    "far": ("#8ea3b5", "#9db0a6", "#7f93ad"),
    "ground": ("#8fa457", "#a8a860", "#7d9a50", "#b9a56a"),
    "path": ("#d9c39a", "#cbb089"),
    "water": ("#4f86a8", "#3f7596", "#5c98a6"),
    "ripple": ("#a9cbd6", "#86b3c8"),
    "foliage": ("#4f7f3c", "#6a8f3e", "#3f6b40"),
    "foliage_dark": ("#2f5233", "#34582c"),
    "trunk": ("#5a4232", "#6b5140"),
    "wall": ("#e6d9bd", "#d9b68c", "#c9cdd0", "#dfa08a"),
    "wall_shade": ("#a8977c", "#9a8f86"),
    "roof": ("#a6452f", "#7d4b3a", "#59606e", "#b8643a"),
    "opening": ("#3c4654", "#2f3a46", "#5b3a2c"),
    "hull": ("#7a3b2a", "#274060", "#3f5c46", "#2d2a2c"),
    "sail": ("#f1e7cf", "#e3c08e", "#d8714d"),
    "skin": ("#e6b996", "#d29c74", "#a96f4c", "#7f5138", "#f0cdb2"),
    "hair": ("#3a261b", "#6b4526", "#a9793c", "#23201f", "#b5b0a8"),
    "cloth": ("#7f2f35", "#2f4a72", "#47613f", "#3b3540", "#b5803a", "#d8d2c6"),
    "collar": ("#efe8da", "#d9c9a5"),
    "hat": ("#2c2a33", "#8c5a2e", "#5d2f3a"),
    "backdrop": ("#7d8a84", "#a08b6c", "#6a7487", "#8f6f62", "#b7b09b"),
    "eye": ("#241d1b",),
    "lip": ("#a84a44", "#943b3d"),
    "table": ("#8a5f3c", "#a67c52", "#6d4a35"),
    "linen": ("#ece4d4", "#dfd8d2"),
    "vessel": ("#3d6f78", "#a4552f", "#34503c", "#d3c7b1", "#2f4b86"),
    "fruit": ("#c8402c", "#e08a2c", "#d9b93a", "#8aa33c", "#7b3353"),
    "petal": ("#d94f5c", "#f0a93a", "#f2e3c8", "#8a5fb0", "#e67fa0", "#4f74c2"),
    "pistil": ("#6b4a1f", "#e8c23a"),
    "rock": ("#7f7a80", "#6a6f7d", "#8c7b6e"),
    "snow": ("#eef1f5", "#f6f2ea"),
    "fur": ("#7a4a2b", "#b98b5a", "#3c3230", "#e6ddd0", "#9a9590"),
    "fur_dark": ("#3b271c", "#2c2725"),
}


@dataclass(frozen=True)
class Light:
    """An hour or season: a tint for everything, and roles that change colour with it."""

    tint: str
    roles: dict[str, tuple[str, ...]]


LIGHTS = {
    "at-noon": Light("#ffffff", {}),
    "at-dawn": Light("#ffe9e4", {"sky": ("#f2c9c0", "#e6c6d6"), "sun": ("#ffd9a0",)}),
    "at-dusk": Light(
        "#f0cdb8", {"sky": ("#f0a860", "#d98a72", "#e8b878"), "sun": ("#f26a3a", "#ffcf70")}
    ),
    "by-moonlight": Light("#8a98c4", {"sky": ("#3a4a78", "#2f4468"), "cloud": ("#8c9cc0",)}),
    "in-winter": Light(
        "#eef2fa",
        {
            "sky": ("#cfd8de", "#c3ccd6"),
            "ground": ("#e9edf0", "#dde4ea"),
            "foliage": ("#7f8c84", "#6f7f78"),
        },
    ),
    "in-autumn": Light(
        "#fff0d8", {"foliage": ("#c9782c", "#b5532a", "#d9a23a"), "ground": ("#b59a52", "#a3763f")}
    ),
    "after-rain": Light("#e2eaf0", {"sky": ("#9aa6b2", "#aab9c2"), "cloud": ("#c9cfd6",)}),
}


@dataclass(frozen=True, eq=False)
class Scene:
    """A composed subject, before any style has touched it.

    Attributes:
        genre: What the content is called.
        light: Key of ``LIGHTS``: the hour or season that coloured the shapes.
        aspect: Width over height.
        shapes: From far to near.
        subject: Box x0, y0, x1, y1 around what the picture is about.
    """

    genre: str
    light: str
    aspect: float
    shapes: tuple[Shape, ...]
    subject: tuple[float, float, float, float]

    @property
    def colours(self) -> FloatArray:
        """Return the shapes' colours, one row each."""
        return np.array([shape.colour for shape in self.shapes])

    def recoloured(self, colours_S3: FloatArray) -> "Scene":
        """Return the scene with other colours."""
        rows = np.clip(colours_S3, 0, 1).tolist()
        shapes = (
            replace(s, colour=(r, g, b)) for s, (r, g, b) in zip(self.shapes, rows, strict=True)
        )
        return replace(self, shapes=tuple(shapes))


def compose(content: Content, genre: str, rng: Generator, aspect: float) -> Scene:
    """Return a new scene of ``content`` for a canvas of the given width over height."""
    light = str(rng.choice(list(LIGHTS)))
    background, subject = content(rng, aspect)
    shapes = _coloured([*background, *subject], LIGHTS[light], rng)
    if rng.random() < 0.5:
        shapes = [replace(s, outline=s.outline * [-1, 1] + [aspect, 0]) for s in shapes]
    points = np.concatenate([shape.outline for shape in shapes[len(background) :]])
    x0, y0 = np.clip(points.min(axis=0), 0, [aspect, 1]).tolist()
    x1, y1 = np.clip(points.max(axis=0), 0, [aspect, 1]).tolist()
    return Scene(genre, light, aspect, tuple(shapes), (x0, y0, x1, y1))


def _coloured(shapes: Sequence[Shape], light: Light, rng: Generator) -> list[Shape]:
    tint = np.array(ImageColor.getrgb(light.tint)) / 255
    role_colours = ROLE_COLOURS | light.roles
    # Fruit and petals differ one by one; any other role has one colour in a picture.
    chosen = {role: str(rng.choice(inks)) for role, inks in role_colours.items()}
    coloured = []
    for shape in shapes:
        mixed = shape.role in ("fruit", "petal", "wall", "roof")
        ink = str(rng.choice(role_colours[shape.role])) if mixed else chosen[shape.role]
        jitter = rng.normal(0, 0.025, 3) + rng.normal(0, 0.02)
        rgb = np.clip(np.array(ImageColor.getrgb(ink)) / 255 * tint + jitter, 0, 1)
        red, green, blue = rgb.tolist()
        coloured.append(replace(shape, colour=(red, green, blue)))
    return coloured
