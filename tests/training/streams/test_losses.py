"""The losses of two embeddings, against hand-worked numbers and other ways of counting."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from artstyle.training.streams.losses import (
    dependence,
    known_cross_entropy,
    overlap,
    reversed_gradient,
    supervised_contrastive,
)

UNKNOWN = -1


def by_loops(
    unit_ND: Tensor, styles: list[int], genres: list[int], temperature: float, hard: float
) -> float:
    """Return the contrastive loss as its definition reads: one pair after another."""

    def weight(i: int, j: int) -> float:
        if UNKNOWN in (genres[i], genres[j]):
            return 1.0
        return hard if (styles[i] == styles[j]) != (genres[i] == genres[j]) else 1.0

    losses = []
    for i in range(len(styles)):
        others = [j for j in range(len(styles)) if j != i]
        cosines = {j: float(unit_ND[i] @ unit_ND[j]) for j in others}
        e = {j: weight(i, j) * math.exp(cosines[j] / temperature) for j in others}
        partners = [j for j in others if styles[j] == styles[i]]
        if partners:
            total = sum(weight(i, j) for j in partners)
            logs = [weight(i, j) * math.log(e[j] / sum(e.values())) for j in partners]
            losses.append(-sum(logs) / total)
    return sum(losses) / len(losses)


@pytest.mark.parametrize("hard", [1.0, 3.0])
def test_the_contrastive_loss_is_that_of_its_definition(hard: float) -> None:
    torch.manual_seed(0)
    rows_ND = torch.randn(7, 5)
    styles, genres = [0, 0, 1, 1, 2, 0, 1], [0, 1, 0, UNKNOWN, 1, 0, 0]
    found = supervised_contrastive(
        rows_ND, torch.tensor(styles), torch.tensor(genres), temperature=0.5, hard_pairs=hard
    )
    expected = by_loops(torch.nn.functional.normalize(rows_ND), styles, genres, 0.5, hard)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_without_a_second_picture_of_any_style_the_contrastive_loss_is_zero() -> None:
    rows_ND = torch.randn(3, 4, requires_grad=True)
    none = torch.full((3,), UNKNOWN)
    loss = supervised_contrastive(rows_ND, torch.arange(3), none, temperature=0.1, hard_pairs=2)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss == 0
    assert rows_ND.grad is not None
    assert rows_ND.grad.isfinite().all()


@pytest.mark.parametrize("count", [1, 3])
def test_pictures_that_are_all_alike_leave_every_gradient_finite(count: int) -> None:
    """A last batch may have one picture; a constant embedding has the same of many."""
    one, other = (torch.ones(count, 4, requires_grad=True) for _ in range(2))
    labels = torch.zeros(count, dtype=torch.long)
    loss = supervised_contrastive(one, labels, labels, temperature=0.1, hard_pairs=2)
    (loss + dependence(one, other) + overlap(one, other)).backward()  # type: ignore[no-untyped-call]
    for rows_ND in (one, other):
        assert rows_ND.grad is not None
        assert rows_ND.grad.isfinite().all()
    assert dependence(one, other) == 0


def test_a_picture_whose_genre_is_unknown_is_left_out_of_the_genre_loss() -> None:
    logits_NC = torch.tensor([[2.0, 0.0], [0.0, 5.0]])
    found = known_cross_entropy(logits_NC, torch.tensor([0, UNKNOWN]))
    assert float(found) == pytest.approx(math.log(1 + math.exp(-2)))
    assert known_cross_entropy(logits_NC, torch.tensor([UNKNOWN, UNKNOWN])) == 0


def test_dependence_is_1_of_a_turned_copy_and_near_its_chance_of_other_rows() -> None:
    rng = np.random.default_rng(0)
    one_ND = torch.from_numpy(rng.normal(size=(200, 3)))
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    assert float(dependence(one_ND, 5 * one_ND @ torch.from_numpy(turned))) == pytest.approx(1)
    related = one_ND + torch.from_numpy(rng.normal(size=(200, 3)))
    unrelated = torch.from_numpy(rng.normal(size=(200, 3)))
    assert float(dependence(one_ND, unrelated)) < 0.1 < float(dependence(one_ND, related))


def test_dependence_is_the_trace_of_gretton() -> None:
    """tr(K H L H) with H = I - 1/N, normalised by the same of each with itself."""
    rng = np.random.default_rng(1)
    rows = [rng.normal(size=(6, 2)), rng.normal(size=(6, 4))]
    kernels = []
    for row_ND in rows:
        squared_NN = ((row_ND[:, None] - row_ND[None]) ** 2).sum(axis=2)
        kernels.append(np.exp(-squared_NN / squared_NN.mean()))
    centre = np.eye(6) - 1 / 6

    def trace(k: np.ndarray, other: np.ndarray) -> float:
        return float(np.trace(k @ centre @ other @ centre))

    one, other = kernels
    expected = trace(one, other) / math.sqrt(trace(one, one) * trace(other, other))
    found = dependence(*(torch.from_numpy(row_ND) for row_ND in rows))
    assert float(found) == pytest.approx(expected)


def test_overlap_is_the_squared_cosine() -> None:
    one = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    other = torch.tensor([[0.0, 3.0], [2.0, 0.0]])
    assert float(overlap(one, other)) == pytest.approx((0 + 0.5) / 2)


def test_a_reversed_gradient_keeps_values_and_turns_their_gradient() -> None:
    values = torch.tensor([1.0, -2.0], requires_grad=True)
    given = reversed_gradient(values)
    (3 * given).sum().backward()  # type: ignore[no-untyped-call]
    assert given.tolist() == [1.0, -2.0]
    assert values.grad is not None
    assert values.grad.tolist() == [-3.0, -3.0]
