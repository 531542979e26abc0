"""Heatmaps of a batch of pictures, and the closed form of Grad-CAM. No torch here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.models.style_model import Answers

# As `grad-cam` does: a map without heat stays without.
_EPSILON = 1e-7


@dataclass(frozen=True)
class Heatmaps:
    """The heatmaps and logits of a batch of pictures."""

    heat_NHW: NDArray[np.float32]
    """0 (cold) to 1 (hot), scaled for each picture, on the square that the model saw."""
    logits_NC: NDArray[np.float32]
    labels_N: NDArray[np.int64]
    """The style that the heat is for."""
    features_ND: NDArray[np.float32] | None = None
    """As in `Answers`."""


def class_heatmaps(answers: Answers, label: int | None, image_size: int) -> Heatmaps:
    """Return what Grad-CAM gives, from class activation maps.

    Where the last layer is linear and its input is the mean of feature maps, the gradients that
    Grad-CAM averages are the style's weights, so both maps are the same up to a factor (Selvaraju
    et al. 2017, section 3.1), which the scaling to 0 to 1 removes.

    Args:
        answers: A model's answers, with maps.
        label: The style to explain; None explains the predicted style of each picture.
        image_size: Side in pixels of the heatmaps.
    """
    assert answers.maps_NCHW is not None
    predicted_N = answers.logits_NC.argmax(axis=-1)
    labels_N = predicted_N if label is None else np.full_like(predicted_N, label)
    maps_NHW = answers.maps_NCHW[np.arange(len(labels_N)), labels_N]
    # Divided as the gradient of a mean is, so that epsilon weighs the same.
    warm_NHW = np.maximum(maps_NHW, 0) / maps_NHW[0].size
    heat = [_scaled(_enlarged(_scaled(map_HW), image_size)) for map_HW in warm_NHW]
    return Heatmaps(np.stack(heat), answers.logits_NC, labels_N, answers.features_ND)


def _scaled(map_HW: NDArray[np.float32]) -> NDArray[np.float32]:
    lifted_HW = map_HW - map_HW.min()
    scaled_HW: NDArray[np.float32] = lifted_HW / (_EPSILON + lifted_HW.max())
    return scaled_HW


def _enlarged(map_HW: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    image = Image.fromarray(map_HW)
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))
