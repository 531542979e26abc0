"""What two embeddings learn besides the styles: what is near, and what one may say of the other.

Axes: N images, D and E dimensions. A genre of -1 is not known.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_LEAST = 1e-8


def supervised_contrastive(
    embeddings_ND: Tensor,
    styles_N: Tensor,
    genres_N: Tensor,
    *,
    temperature: float,
    hard_pairs: float,
) -> Tensor:
    """Return the mean of L_out over images with a partner (Khosla et al. 2020, eq. 2).

    Unlike in the paper, a pair of one style in two genres, or of one genre in two styles, counts
    ``hard_pairs`` times, above and below the line. Without partners the loss is 0.
    """
    unit_ND = functional.normalize(embeddings_ND, dim=1)
    scores_NN = unit_ND @ unit_ND.T / temperature
    others_NN = 1 - torch.eye(len(unit_ND), device=unit_ND.device)
    same_NN = (styles_N[:, None] == styles_N[None, :]).float() * others_NN
    weights_NN = others_NN * (1 + (hard_pairs - 1) * _is_hard(styles_N, genres_N))
    # Not minus infinity: the gradient of an image alone in its batch would be NaN.
    lowest = torch.finfo(scores_NN.dtype).min
    scores_NN = scores_NN + torch.where(weights_NN > 0, weights_NN.log(), lowest)
    log_shares_NN = scores_NN - scores_NN.logsumexp(dim=1, keepdim=True)
    partners_NN = weights_NN * same_NN
    terms_NN = torch.where(partners_NN > 0, partners_NN * log_shares_NN, 0.0)
    losses_N = -terms_NN.sum(dim=1) / partners_NN.sum(dim=1).clamp(min=_LEAST)
    return losses_N.sum() / (partners_NN.sum(dim=1) > 0).sum().clamp(min=1)


def _is_hard(styles_N: Tensor, genres_N: Tensor) -> Tensor:
    """Return 1 where just one of style and genre is the same, N x N; else 0."""
    same_style = styles_N[:, None] == styles_N[None, :]
    same_genre = genres_N[:, None] == genres_N[None, :]
    known = (genres_N >= 0)[:, None] & (genres_N >= 0)[None, :]
    return (known & (same_style != same_genre)).float()


def known_cross_entropy(logits_NC: Tensor, labels_N: Tensor) -> Tensor:
    """Return the mean cross-entropy of the images whose label is known; 0 where none is."""
    losses_N = functional.cross_entropy(logits_NC, labels_N, ignore_index=-1, reduction="none")
    return losses_N.sum() / (labels_N >= 0).sum().clamp(min=1)


def dependence(one_ND: Tensor, other_NE: Tensor) -> Tensor:
    """Return the Hilbert-Schmidt criterion of two embeddings, normalised to [0, 1].

    HSIC is the biased estimator of Gretton et al. 2005, definition 2; its factor 1 / (N - 1)^2
    cancels. It is divided by the geometric mean of what each has with itself (Cortes et al. 2012,
    def. 4), so that smaller embeddings do not lower it. Kernels are Gaussian, as wide as the mean
    squared distance. Of images that are all alike it is 0.
    """
    one_NN, other_NN = _kernel(one_ND), _kernel(other_NE)
    squares = one_NN.square().sum() * other_NN.square().sum()
    # Before the root, whose gradient at 0 is infinite.
    return (one_NN * other_NN).sum() / squares.clamp(min=_LEAST**2).sqrt()


def _kernel(rows_ND: Tensor) -> Tensor:
    """Return the centred Gaussian kernel between rows."""
    squares_N = rows_ND.square().sum(dim=1)
    distances_NN = squares_N[:, None] + squares_N[None, :] - 2 * rows_ND @ rows_ND.T
    width = distances_NN.detach().mean().clamp(min=_LEAST)
    kernel_NN = (-distances_NN.clamp(min=0) / width).exp()
    means_N = kernel_NN.mean(dim=1)
    return kernel_NN - means_N[:, None] - means_N[None, :] + means_N.mean()


def overlap(one_ND: Tensor, other_ND: Tensor) -> Tensor:
    """Return the mean squared cosine of the two embeddings of an image, in [0, 1].

    Unlike in Bousmalis et al. 2016, eq. 5, which sums products over pairs of images too, each image
    is compared with itself alone, and lengths do not count.
    """
    return functional.cosine_similarity(one_ND, other_ND, dim=1).square().mean()


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return -gradient


def reversed_gradient(values: Tensor) -> Tensor:
    """Return the same values; their gradient changes its sign (Ganin and Lempitsky 2015, eq. 4).

    What follows learns to read them, and what comes before learns to hide from it. Unlike in the
    paper, the weight of the loss scales both gradients; an Adam optimiser undoes that for readers.
    """
    result: Tensor = _Reversed.apply(values)
    return result
