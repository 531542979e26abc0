"""The model that answers for pictures, whatever computes the answers. No torch here."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from artstyle.confidence.calibration import Calibration, notes
from artstyle.pictures.preprocessing import Preprocessing

Output = Literal["features", "maps", "content"]
"""What a model can give besides logits; the fields of `Answers`."""
Pixels = NDArray[np.uint8]
"""Pictures as a model sees them: 8-bit RGB, N x S x S x 3."""


SYNTHETIC_NOTE = (
    "This model has learnt from synthetic pictures only: what it says of real paintings means"
    " nothing."
)


@dataclass(frozen=True)
class Answers:
    """The answers for N pictures, in float32."""

    logits_NC: NDArray[np.float32]
    features_ND: NDArray[np.float32] | None = None
    """The input of the last linear layer; None if it was not asked for."""
    maps_NCHW: NDArray[np.float32] | None = None
    """Class activation maps before ReLU (Zhou et al. 2016, eq. 2); None if not asked for. A map's
    mean plus the style's bias is the logit."""
    content_ND: NDArray[np.float32] | None = None
    """The content embedding of a network of two streams; None if it was not asked for."""


@dataclass(frozen=True, repr=False)
class StyleModel(ABC):
    """A network that is ready to answer, with its labels and preprocessing.

    Examples:
        >>> model = artstyle.load_starter()
        >>> isinstance(model, artstyle.StyleModel), len(model.labels)
        (True, 22)
    """

    name: str
    labels: tuple[str, ...]
    """The style of each logit."""
    preprocessing: Preprocessing
    fingerprint: str
    """12 hexadecimal digits over weights, labels, preprocessing and calibration: two models that
    could answer differently have two fingerprints."""
    device: str
    """As torch names it: ``cpu``, ``cuda:0``, ``mps``."""
    calibration: Calibration | None = field(default=None, kw_only=True)
    """How sure its answers are; None for models of earlier versions."""
    synthetic: bool = field(default=False, kw_only=True)
    """Whether artstyle painted all pictures that it learnt from."""
    multi: bool = field(default=False, kw_only=True)
    """Whether each label is answered by itself, with a sigmoid: a picture may have several."""

    def __repr__(self) -> str:
        side = self.preprocessing.image_size
        return (
            f"<{type(self).__name__} {self.name}: {len(self.labels)} styles,"
            f" {side} x {side} pixels, on {self.device}>"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know before they read its answers, a sentence each."""
        return (*([SYNTHETIC_NOTE] if self.synthetic else []), *notes(self.calibration))

    @property
    @abstractmethod
    def outputs(self) -> frozenset[Output]:
        """What `answer` can give besides logits."""

    @property
    def outputs_for_confidence(self) -> tuple[Output, ...]:
        """What `answer` must give so that answers say how familiar a picture is."""
        fitted = self.calibration.fitted if self.calibration else None
        known = fitted is not None and fitted.familiarity is not None
        return ("features",) if known and "features" in self.outputs else ()

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """A good number of pictures for one call."""

    @property
    @abstractmethod
    def is_concurrent(self) -> bool:
        """Whether a call of the opened model uses one core, so that threads call it at once."""

    @abstractmethod
    def answer(self, pixels_NSS3: Pixels, *outputs: Output) -> Answers:
        """Return logits for pictures, and what else is asked for.

        Args:
            pixels_NSS3: At least one picture.
            outputs: Some of the model's ``outputs``.
        """

    @abstractmethod
    def opened(self) -> AbstractContextManager["StyleModel"]:
        """Return a context whose model gives the same answers, fastest for many calls."""
