"""What is done to a picture before a model sees it: stored with the weights, to stay true."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from artstyle.errors import WeightsError
from artstyle.images import ImageRules

Interpolation = Literal["bilinear", "bicubic"]
Fit = Literal["crop", "squash"]


@dataclass(frozen=True)
class Preprocessing:
    """From a file to the square of numbers that a network sees."""

    image_size: int
    """Side in pixels of the square."""
    mean: tuple[float, float, float]
    """Of R, G and B in 0 to 1, taken away."""
    std: tuple[float, float, float]
    """Of R, G and B in 0 to 1, divided by."""
    interpolation: Interpolation
    fit: Fit
    """crop: the centre of the picture; squash: all of it, its aspect lost."""
    read_size: int
    """Shorter side in pixels to which a file is shrunk on reading, as in the training cache."""
    background: tuple[int, int, int] = (255, 255, 255)
    """RGB, 0 to 255, seen through transparent pixels."""
    max_pixels: int = 200_000_000
    min_side_px: int = 16

    @property
    def rules(self) -> ImageRules:
        """What may be read, as the image loader takes it."""
        return ImageRules(self.max_pixels, self.min_side_px, self.background)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` gave.

        Raises:
            WeightsError: A value is missing or unknown.
        """
        lists: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        try:
            return cls(**lists)
        except TypeError as error:
            raise WeightsError(f"the checkpoint's preprocessing is unusable: {error}") from None
