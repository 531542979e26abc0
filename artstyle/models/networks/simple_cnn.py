"""The baseline: four convolutions and two linear layers, trained from scratch."""

from itertools import pairwise

from torch import Tensor, nn

_CHANNELS = (3, 32, 64, 128, 256)
_HIDDEN = 512


class SimpleCNN(nn.Module):
    """Four blocks of convolution, batch norm, ReLU and 2x2 max pooling; then two linear layers.

    ``image_size`` decides the size of the first linear layer: any square of 16 pixels or more.

    Args:
        num_styles: C, the length of the logits.
        image_size: Side in pixels of the square input.
        dropout: Rate before the last layer.
    """

    def __init__(self, num_styles: int, image_size: int, dropout: float = 0.5) -> None:
        super().__init__()
        pairs = pairwise(_CHANNELS)
        self.features = nn.Sequential(*(_block(inner, outer) for inner, outer in pairs))
        side = image_size // 2 ** (len(_CHANNELS) - 1)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(_CHANNELS[-1] * side * side, _HIDDEN),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(_HIDDEN, num_styles),
        )

    def forward(self, images_N3HW: Tensor) -> Tensor:
        """Return logits, N x C."""
        logits_NC: Tensor = self.classifier(self.features(images_N3HW))
        return logits_NC


def _block(inner: int, outer: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inner, outer, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
