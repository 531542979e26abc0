"""The networks of the starter model's experiments: made once, kept, tested fold by fold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from artstyle.models.checkpoint import write_checkpoint
from artstyle.models.factory import Built, build_network
from artstyle.models.folding import folded
from artstyle.models.header import Header
from tests.benchmarks.starter.learning import Bench, Lesson, answer, learn
from tests.benchmarks.starter.pictures import NETWORKS, PREPROCESSING, Positions
from tests.benchmarks.starter.variation import VARIATION, Variation

FINAL = "final"
"""The regime of the models that learn from all pictures."""
_SEEDS = (42, 43, 44)


@dataclass(frozen=True)
class Plan:
    """How long each part of the recipe is, and what a picture costs."""

    first: int
    """Epochs of stage 1."""
    second: int
    """Epochs of stage 2."""
    student: int
    """Epochs of a student."""
    cost: dict[str, float] = field(default_factory=dict)
    """Seconds that learning from one picture takes, by network."""
    batch_size: int = 256
    variation: Variation = VARIATION

    def lesson(self, epochs: int, seed: int, rate: float) -> Lesson:
        """Return one run of training."""
        return Lesson(epochs, seed, rate, self.batch_size, self.variation)


class Workshop:
    """What the jobs share: pictures, plan, results so far, and networks that several need.

    Args:
        bench: Pictures and device.
        plan: Epochs.
        pack: Where the ImageNet weights are.
        out: Where results go.
    """

    def __init__(self, bench: Bench, plan: Plan, pack: Path, out: Path) -> None:
        self.bench, self.plan, self._pack, self._out = bench, plan, pack, out
        (out / "weights").mkdir(parents=True, exist_ok=True)
        path = out / "answers.npz"
        self._answers: dict[str, Any] = dict(np.load(path)) if path.is_file() else {}

    def positions(self, regime: str, fold: int | None) -> Positions:
        """Return the training pictures of a fold; with None all."""
        return self.bench.pack.training("source" if regime == FINAL else regime, fold)

    def first_stage(self, name: str, regime: str, fold: int | None) -> Built:
        """Return a network that has learnt from strangers; the folds of sources share one."""
        shared = regime in ("source", FINAL)
        place = "source" if shared else f"{regime}-{fold}"
        strangers = self.bench.pack.strangers(
            self.positions(regime, fold), "source" if shared else regime
        )
        return self._kept(
            f"first-{name}-{place}",
            lambda: learn(
                self.bench,
                self.imagenet(name),
                strangers,
                self.plan.lesson(self.plan.first, 42, 1),
            ),
            name,
        )

    def second_stage(self, name: str, regime: str, fold: int | None, seed: int = 42) -> Built:
        """Return a network that has then learnt from all training pictures of a fold."""
        short = "B" if name == NETWORKS[0] else name
        again = "" if seed == _SEEDS[0] else f"-seed{seed}"
        return self._kept(
            f"{short}-{place(regime, fold)}{again}",
            lambda: learn(
                self.bench,
                self.first_stage(name, regime, fold),
                self.positions(regime, fold),
                self.plan.lesson(self.plan.second, seed, 0.5),
            ),
            name,
        )

    def student(self, regime: str, fold: int | None) -> Built:
        """Return a small network taught by three that have learnt from the same pictures."""
        return self._kept(
            f"C-{place(regime, fold)}",
            lambda: learn(
                self.bench,
                self.first_stage(NETWORKS[0], regime, fold),
                self.positions(regime, fold),
                self.plan.lesson(self.plan.student, 42, 0.5),
                [
                    folded(self.second_stage(name, regime, fold).network, PREPROCESSING.image_size)
                    for name in NETWORKS
                ],
            ),
            NETWORKS[0],
        )

    def averaged(self, regime: str, fold: int | None) -> Built:
        """Return the mean of the weights of three seeds."""
        return self._kept(
            f"D-{place(regime, fold)}",
            lambda: _mean([self.second_stage(NETWORKS[0], regime, fold, seed) for seed in _SEEDS]),
            NETWORKS[0],
        )

    def test(self, candidate: str, regime: str, fold: int | None, built: Built) -> None:
        """Store the answers to the fold's tested pictures, if any, and to the photographs."""
        tested = self.bench.pack.tested(regime, fold) if fold is not None else np.empty(0, np.int64)
        asked = np.concatenate([tested, self.bench.pack.photographs])
        key = f"{candidate}-{place(regime, fold)}"
        self._answers[f"{key}.positions"] = asked
        self._answers[f"{key}.logits"] = answer(self.bench, built.network, asked)
        partial = self._out / "answers.part.npz"
        np.savez_compressed(partial, **self._answers)
        partial.replace(self._out / "answers.npz")

    def imagenet(self, name: str) -> Built:
        """Return a network with ImageNet's weights and a new head."""
        weights = str(self._pack / f"{name}.safetensors")
        return build_network(name, len(self.bench.pack.labels), weights=weights)

    def _kept(self, title: str, make: Callable[[], Built], name: str) -> Built:
        """Return a network as it is stored, in half precision; it is made if it is not there."""
        path = self._out / "weights" / f"{title}.safetensors"
        if not path.is_file():
            about = {"title": title}
            header = Header(name, self.bench.pack.labels, PREPROCESSING, about)
            write_checkpoint(path, make().network.half(), header)
        built = build_network(name, len(self.bench.pack.labels), weights=str(path))
        built.network.eval().to(self.bench.device)
        return built


def place(regime: str, fold: int | None) -> str:
    """Return the name of a fold, or of the final model."""
    return regime if fold is None else f"{regime}-{fold}"


def _mean(built: Sequence[Built]) -> Built:
    states = [one.network.state_dict() for one in built]
    built[0].network.load_state_dict(
        {key: torch.stack([s[key].float() for s in states]).mean(0) for key in states[0]}
    )
    return built[0]
