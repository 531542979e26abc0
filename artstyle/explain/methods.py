"""The names of the heatmap methods. No torch here."""

from typing import Literal

Method = Literal["gradcam", "gradcam++", "layercam", "eigencam"]

Stream = Literal["style", "content"]
"""What is explained: the style, or what the content embedding of a network of two streams sees."""

TITLES: dict[Method, str] = {
    "gradcam": "Grad-CAM",
    "gradcam++": "Grad-CAM++",
    "layercam": "LayerCAM",
    "eigencam": "EigenCAM",
}
"""The names as people write them."""
