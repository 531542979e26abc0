"""The Dataset for other people's loops, against the files it reads and torch's own loader."""

import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision.transforms import v2

from artstyle.data.augment import train_transform
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import read_manifest
from artstyle.data.paintings import PaintingDataset
from artstyle.errors import DataError, MissingError
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.transforms import eval_transform

SEEN = Preprocessing(24, (0.5,) * 3, (0.25,) * 3, "bilinear", "squash", 40)


def test_every_painting_of_a_split_comes_with_its_label(tiny_dataset: DatasetFolder) -> None:
    dataset = PaintingDataset(str(tiny_dataset.path), "train", eval_transform(SEEN))
    rows = [row for row in read_manifest(tiny_dataset.manifest_path) if row.split == "train"]
    named = [dataset.labels[dataset[n][1]] for n in range(len(dataset))]
    assert Counter(named) == Counter(row.style for row in rows)
    assert dataset.targets_N.tolist() == [dataset[n][1] for n in range(len(dataset))]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_ordinary_loader_gives_normalised_batches(
    tiny_dataset: DatasetFolder, workers: int
) -> None:
    dataset = PaintingDataset(tiny_dataset, "test", eval_transform(SEEN))
    # What a worker gets where processes are spawned, as on Windows, macOS and Python 3.14.
    sent = pickle.loads(pickle.dumps(dataset))
    batches = list(DataLoader(sent, 3, num_workers=workers))
    images_N3SS = torch.cat([images for images, _ in batches])
    targets_N = torch.cat([targets for _, targets in batches])
    assert targets_N.dtype == torch.int64
    assert targets_N.tolist() == dataset.targets_N.tolist()
    theirs = v2.Compose(
        [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.25] * 3)]
    )
    for image_3SS, row in zip(images_N3SS, dataset.rows, strict=True):
        with_pillow = PaintingDataset(tiny_dataset, "test", lambda image: image.resize((24, 24), 2))
        picture, _ = with_pillow[dataset.rows.index(row)]
        torch.testing.assert_close(image_3SS, theirs(picture))


def test_training_pictures_repeat_with_torchs_seed_and_differ_without(
    tiny_dataset: DatasetFolder,
) -> None:
    dataset = PaintingDataset(tiny_dataset, "train", train_transform(SEEN))

    def drawn(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return torch.stack([dataset[0][0] for _ in range(4)])

    first = drawn(1)
    assert torch.equal(first, drawn(1))
    assert not torch.equal(first, drawn(2))
    assert len({image.numpy().tobytes() for image in first}) == 4


def test_the_transforms_can_be_sent_to_another_process() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    picture = v2.functional.to_pil_image(torch.from_numpy(pixels).permute(2, 0, 1))
    for transform in (eval_transform(SEEN), train_transform(SEEN)):
        torch.manual_seed(3)
        ours = transform(picture)
        torch.manual_seed(3)
        assert torch.equal(pickle.loads(pickle.dumps(transform))(picture), ours)


def test_a_split_or_folder_that_does_not_exist_is_one_clear_line(
    tiny_dataset: DatasetFolder,
) -> None:
    with pytest.raises(DataError, match="has no tset images; the splits are train, val, test"):
        PaintingDataset(tiny_dataset, "tset", eval_transform(SEEN))  # type: ignore[arg-type]
    with pytest.raises(MissingError, match="is not a dataset folder"):
        PaintingDataset(tiny_dataset.path / "images", "train", eval_transform(SEEN))
