"""The section `dual` of the configuration."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat

from artstyle.settings.section import Section


class DualConfig(Section):
    """What the two streams of dual/NAME learn besides the styles. A weight of 0 is off."""

    contrast: NonNegativeFloat = 0.5
    """Weight of the supervised contrastive loss on the style embedding (Khosla et al. 2020)."""
    temperature: PositiveFloat = 0.1
    """Temperature of the contrastive loss; lower, and the nearest pictures count for more."""
    hard_pairs: Annotated[float, Field(ge=1)] = 2.0
    """How often a hard pair counts in the contrastive loss: one genre in two styles, or one style
    in two genres; 1 is off."""
    swap: NonNegativeFloat = 0.5
    """Weight of copies with another picture's channel statistics (AdaIN, Huang and Belongie 2017):
    they have its style in the contrastive loss, and keep their content where genres are learnt."""
    genre: NonNegativeFloat = 0.5
    """Weight of the cross-entropy of the genre on the content embedding, where it is known."""
    reversal: NonNegativeFloat = 0.1
    """Weight of gradient reversal (Ganin and Lempitsky 2015): neither embedding may give away the
    label of the other."""
    hsic: NonNegativeFloat = 0.0
    """Weight of the dependence between the two embeddings (HSIC, Gretton et al. 2005), normalised
    to at most 1."""
    orthogonality: NonNegativeFloat = 0.0
    """Weight of the squared cosines between the two embeddings (Bousmalis et al. 2016, eq. 5)."""
