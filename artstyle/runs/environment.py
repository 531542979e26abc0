"""What a run was trained with: the typed content of ``environment.json``."""

from typing import Any, Literal

from pydantic import ConfigDict

from artstyle.storage.documents import Document

Precision = Literal["fp32", "bf16", "fp16"]


class _Record(Document):
    """A part of ``environment.json``; unknown keys of other versions are kept."""

    model_config = ConfigDict(extra="allow")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; keys that the run did not record stay absent."""
        return self.model_dump(mode="json", exclude_unset=True)


class GitState(_Record):
    """The repository that the run started in."""

    commit: str
    """Hash of the commit."""
    changed: bool
    """Whether files differed from the commit."""


class RecordedDataset(_Record):
    """The dataset folder that a run was trained on."""

    path: str
    """The dataset folder."""
    fingerprint: str
    """SHA-256 over splits, labels and image contents, as `dataset.json` has it."""
    split_group: str | None = None
    """What its split kept together: image, artist, source or official; null if not recorded."""


class ParentRun(_Record):
    """The run whose weights a branch began from (`finetune --from`)."""

    path: str
    """Its run folder."""
    checkpoint: str
    """The file that the weights were read from."""
    weights: str
    """The fingerprint of the checkpoint's model."""
    optimiser: bool = False
    """Whether the branch also began from its optimiser's state."""


class ParameterCount(_Record):
    """The size of the network."""

    total: int
    """All parameters."""
    learning: int
    """Parameters that are trained in the last epoch."""


class RecordedNumerics(_Record):
    """The chosen precision and memory layout."""

    precision: Precision
    """Number format of the forward pass."""
    channels_last: bool
    """Whether images and weights are stored channels last."""


class MeasuredNumerics(RecordedNumerics):
    """One measured candidate."""

    ms_per_image: float
    """Milliseconds per image of a training step."""


class ChosenNumerics(RecordedNumerics):
    """The chosen precision and layout, with all measured candidates."""

    measured: tuple[MeasuredNumerics, ...] = ()
    """Empty if nothing was measured."""


class FinishedRun(_Record):
    """How a run ended."""

    reason: str
    """Why no further epoch was trained."""
    epochs: int
    """Finished epochs."""
    best_epoch: int
    """Counted from 1."""
    best_score: float
    """On the validation split, by `train.monitor`."""
    seconds: float
    """Spent on all epochs."""
    last_seconds: float
    """Spent on the last epoch."""


class RunEnvironment(_Record):
    """``environment.json``: data, device, versions, and in the end the result of a run.

    Examples:
        >>> environment = artstyle.RunEnvironment.read("runs/tiny/environment.json")
        >>> environment.seed, environment.device
        (42, 'cpu')
    """

    started: str
    """UTC, ISO 8601."""
    command: tuple[str, ...]
    """The command line, one word each."""
    python: str
    """Version of Python."""
    platform: str
    """Operating system and processor type."""
    packages: dict[str, str]
    """Package -> version."""
    git: GitState | None = None
    """null outside a repository."""
    device: str
    """As torch names it: `cpu`, `cuda:0`, `mps`."""
    device_name: str
    """Name of the processor or GPU."""
    threads: int
    """CPU threads of torch, in each process."""
    processes: int
    """Training processes, one for each device."""
    seed: int
    """Seed for all random choices."""
    deterministic: bool = False
    """Whether only deterministic algorithms were used."""
    dataset: RecordedDataset
    """The data that the run learned from."""
    settings: dict[str, Any] | None = None
    """The configuration that the run was begun with; null if it was not recorded."""
    parent: ParentRun | None = None
    """The run that this one branched off; null for any other."""
    parameters: ParameterCount | None = None
    """null if the size of the network was not recorded."""
    numerics: ChosenNumerics | None = None
    """null if it was not recorded."""
    finished: FinishedRun | None = None
    """null until the last epoch is done."""
    adapted: tuple[str, ...] = ()
    """One line for each change of the settings after the start: smaller batches, another end."""
