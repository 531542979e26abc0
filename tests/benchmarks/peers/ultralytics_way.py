"""ultralytics' way from a folder to batches: the data set and loader of its classify trainer."""

from collections.abc import Callable
from os import cpu_count
from pathlib import Path

from ultralytics.cfg import get_cfg
from ultralytics.data import ClassificationDataset, build_dataloader

from tests.benchmarks.training import Exercise


def loading(exercise: Exercise, folder: Path) -> Callable[[], tuple[int, float]]:
    """Build an epoch of loading, with a random crop and a flip and nothing else varied."""
    config = exercise.config()
    smallest, _ = config.augment.crop_scale
    settings = get_cfg(
        overrides={
            "imgsz": exercise.image_size, "scale": 1 - smallest, "fliplr": config.augment.flip,
            "auto_augment": None, "hsv_h": 0.0, "hsv_s": 0.0, "hsv_v": 0.0, "erasing": 0.0,
        }
    )  # fmt: skip
    pictures = ClassificationDataset(str(folder), settings, augment=True)
    loader = build_dataloader(pictures, exercise.batch_size, cpu_count() or 1, device="cpu")

    def work() -> tuple[int, float]:
        count, levels = 0, 0.0
        for batch in loader:
            count += len(batch["img"])
            levels += 255 * float(batch["img"].mean()) * len(batch["img"])
        return count, levels / count

    return work
