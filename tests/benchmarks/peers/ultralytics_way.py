"""ultralytics' way from a folder to batches: the data set and loader of its classify trainer."""

from collections.abc import Callable
from os import cpu_count
from pathlib import Path
from typing import Any

from ultralytics.data import ClassificationDataset, build_dataloader
from ultralytics.utils import DEFAULT_CFG_DICT, IterableSimpleNamespace

from tests.benchmarks.training import Exercise

_NOTHING_ELSE = {"auto_augment": None, "hsv_h": 0.0, "hsv_s": 0.0, "hsv_v": 0.0, "erasing": 0.0}


def loading(exercise: Exercise, folder: Path) -> Callable[[], tuple[int, float]]:
    """Build an epoch of loading, with a random crop and a flip and nothing else varied.

    Its loader begins the next epoch at the end of one, while others are being timed; so each epoch
    has a loader of its own, whose workers are started and ended within it.
    """
    config = exercise.config()
    smallest, _ = config.augment.crop_scale
    varied = {"imgsz": exercise.image_size, "scale": 1 - smallest, "fliplr": config.augment.flip}
    settings = IterableSimpleNamespace(**{**DEFAULT_CFG_DICT, **_NOTHING_ELSE, **varied})
    pictures: Any = ClassificationDataset(str(folder), settings, augment=True)

    def work() -> tuple[int, float]:
        loader = build_dataloader(pictures, exercise.batch_size, cpu_count() or 1, device="cpu")
        count, levels = 0, 0.0
        for batch in loader:
            count += len(batch["img"])
            levels += 255 * float(batch["img"].mean()) * len(batch["img"])
        return count, levels / count

    return work
