"""Scenes painted in several styles."""

from itertools import pairwise

import numpy as np

from artstyle.painter.collection import CONTENTS
from artstyle.painter.pairs import paint_scene, scene_content


def test_contents_take_turns() -> None:
    assert [scene_content(place) for place in range(9)] == [*CONTENTS, next(iter(CONTENTS))]


def test_a_scene_depends_on_its_place_style_and_seed() -> None:
    def pixels(place: int, style: str, seed: int) -> bytes:
        return paint_scene(place, style, seed=seed, size_px=(32, 32)).tobytes()

    first = pixels(0, "Cubism", 1)
    assert first == pixels(0, "Cubism", 1)
    assert (
        len({first, pixels(8, "Cubism", 1), pixels(0, "Baroque", 1), pixels(0, "Cubism", 2)}) == 4
    )


def test_two_styles_of_a_scene_share_its_light_and_dark_more_than_two_scenes_do() -> None:
    # Minimalism and the abstract styles leave the shapes; these two keep them.
    def small(place: int, style: str) -> np.ndarray:
        picture = paint_scene(place, style, size_px=(64, 64)).convert("L").resize((16, 16))
        return np.asarray(picture, float).ravel()

    scenes = [
        (small(place, "Impressionism"), small(place, "Post_Impressionism")) for place in range(16)
    ]
    same = [np.corrcoef(one, other)[0, 1] for one, other in scenes]
    others = [np.corrcoef(a[0], b[1])[0, 1] for a, b in pairwise(scenes)]
    assert np.mean(same) > np.mean(others) + 0.3
