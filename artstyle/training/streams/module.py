"""The network of two streams as training sees it: with the heads that only training needs."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from artstyle.models.networks.dual import EMBEDDING, DualNetwork, Streams, with_statistics_of
from artstyle.settings.dual import DualConfig
from artstyle.training.streams.losses import (
    dependence,
    known_cross_entropy,
    overlap,
    reversed_gradient,
    supervised_contrastive,
)

_HIDDEN = 64


class StreamsInTraining(nn.Module):
    """A network of two streams that returns its logits and the loss of its embeddings.

    Args:
        network: The network.
        config: The weights of the parts.
        num_genres: G; 0 if no genre is known.
    """

    def __init__(self, network: DualNetwork, config: DualConfig, num_genres: int) -> None:
        super().__init__()
        self.network, self.config = network, config
        self.heads = nn.ModuleDict()
        if num_genres and config.genre:
            self.heads["genre"] = nn.Linear(EMBEDDING, num_genres)
        if config.reversal:
            self.heads["style_of_content"] = _reader(network.head.out_features)
        if num_genres and config.reversal:
            self.heads["genre_of_style"] = _reader(num_genres)

    def forward(
        self, images_N3SS: Tensor, styles_N: Tensor, genres_N: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return logits of the styles, N x C, and the embeddings' loss, a number.

        Args:
            images_N3SS: Normalised images.
            styles_N: Their labels.
            genres_N: Their genres; -1 is not known.
        """
        # With the statistics of the image before it, an image has that one's style.
        own, before = _places(len(images_N3SS), images_N3SS.device)
        if self.config.swap:
            both = self.network.streams(
                images_N3SS,
                lambda maps: torch.cat([maps, with_statistics_of(maps[own], maps[before])]),
            )
            styles_N = torch.cat([styles_N, styles_N[before]])
            genres_N = torch.cat([genres_N, genres_N[own]])
        else:
            both = self.network.streams(images_N3SS)
        logits_NC = self.network.logits(both.style_ND[: len(images_N3SS)])
        both = Streams(both.style_ND.float(), both.content_ND.float())
        # In float32: distances of near embeddings are lost in half precision.
        with torch.autocast(images_N3SS.device.type, enabled=False):
            loss = self._loss(both, styles_N, genres_N, len(images_N3SS), own)
        return logits_NC, loss

    def _loss(
        self, both: Streams, styles_N: Tensor, genres_N: Tensor, originals: int, own: Tensor
    ) -> Tensor:
        """Return the weighted sum of the parts that are on, over originals and changed copies."""
        config, style_ND, content_ND = self.config, both.style_ND, both.content_ND
        # Each parameter has a gradient, if only 0: several processes wait for all of them.
        loss = 0 * content_ND.sum()
        if config.contrast:
            loss = loss + config.contrast * supervised_contrastive(
                style_ND,
                styles_N,
                genres_N,
                temperature=config.temperature,
                hard_pairs=config.hard_pairs,
            )
        # Without genres it would be least if all pictures had the same content embedding.
        if config.swap and "genre" in self.heads:
            kept_M = functional.cosine_similarity(content_ND[originals:], content_ND[own])
            loss = loss + config.swap * (1 - kept_M).mean()
        if "genre" in self.heads:
            loss = loss + config.genre * known_cross_entropy(
                self.heads["genre"](content_ND), genres_N
            )
        return loss + self._penalty(style_ND, content_ND, styles_N, genres_N)

    def _penalty(
        self, style_ND: Tensor, content_ND: Tensor, styles_N: Tensor, genres_N: Tensor
    ) -> Tensor:
        """Return what each embedding says of the other, weighted."""
        config = self.config
        penalty = style_ND.new_zeros(())
        for name, given, labels_N in (
            ("style_of_content", content_ND, styles_N),
            ("genre_of_style", style_ND, genres_N),
        ):
            if name in self.heads:
                read_NC = self.heads[name](reversed_gradient(given))
                penalty = penalty + config.reversal * known_cross_entropy(read_NC, labels_N)
        if config.hsic:
            penalty = penalty + config.hsic * dependence(style_ND, content_ND)
        if config.orthogonality:
            penalty = penalty + config.orthogonality * overlap(style_ND, content_ND)
        return penalty


def _reader(num_labels: int) -> nn.Module:
    """Return a small network that reads a label from an embedding, of whatever length it is."""
    return nn.Sequential(
        nn.LayerNorm(EMBEDDING),
        nn.Linear(EMBEDDING, _HIDDEN),
        nn.ReLU(),
        nn.Linear(_HIDDEN, num_labels),
    )


def _places(count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return every second image's place, and that of the image before each of them."""
    own = torch.arange(0, count, 2, device=device)
    return own, (own - 1) % count
