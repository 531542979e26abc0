"""The preprocessing of pictures for a model, stored with its weights."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from artstyle.pictures.image import ImageRules
from artstyle.storage.limits import MAX_CACHE_SIZE, MAX_IMAGE_SIZE, MAX_PIXELS, Byte

Finite = Annotated[float, Field(allow_inf_nan=False)]
Scale = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Interpolation = Literal["bilinear", "bicubic"]
Fit = Literal["crop", "squash"]


@dataclass(frozen=True)
class Preprocessing:
    """The steps from a file to the square of numbers that a network sees.

    Examples:
        >>> artstyle.load_model("tiny").preprocessing.image_size
        32
    """

    __pydantic_config__ = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    image_size: Annotated[int, Field(ge=16, le=MAX_IMAGE_SIZE)]
    """Side in pixels of the square."""
    mean: tuple[Finite, Finite, Finite]
    """Mean of R, G and B in 0 to 1; it is subtracted."""
    std: tuple[Scale, Scale, Scale]
    """Standard deviation of R, G and B in 0 to 1; it divides."""
    interpolation: Interpolation
    """The resampling of pixels."""
    fit: Fit
    """crop: the centre of the picture; squash: all of it, its aspect lost."""
    read_size: Annotated[int, Field(ge=1, le=MAX_CACHE_SIZE)]
    """Shorter side in pixels to which a file is shrunk on reading, as in the training cache."""
    background: tuple[Byte, Byte, Byte] = (255, 255, 255)
    """RGB, 0 to 255, seen through transparent pixels."""
    max_pixels: Annotated[int, Field(ge=1, le=MAX_PIXELS)] = 200_000_000
    """A picture with more pixels than this is rejected."""
    min_side_px: Annotated[int, Field(ge=1)] = 16
    """A picture with a side shorter than this is rejected."""

    @property
    def rules(self) -> ImageRules:
        """The limits for the image loader."""
        return ImageRules(self.max_pixels, self.min_side_px, self.background)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for a checkpoint."""
        return asdict(self)
