"""The engine that answers for a run: ONNX Runtime or torch, which loads only where it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from artstyle.errors import MissingError, UsageError, WeightsError
from artstyle.models.onnx_model import OnnxModel, load_onnx_model
from artstyle.models.style_model import Output, StyleModel
from artstyle.runs.finding import STARTER, find_run, is_starter, starter_run
from artstyle.runs.folder import RunFolder
from artstyle.styles.vocabulary import Vocabulary, read_vocabulary

Engine = Literal["auto", "torch", "onnx"]

_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd", r"C:\Windows\System32\nvcuda.dll")
"""Files of a driver for the GPUs of NVIDIA (Linux, WSL, Windows) and AMD."""


@dataclass(frozen=True)
class FoundModel:
    """A model that was named, before it is loaded."""

    run: RunFolder | None
    """None for a file that is named by its path."""
    load: Callable[[], StyleModel]
    """Loads it, as `load_model` does."""

    def vocabulary(self) -> Vocabulary:
        """Return what its styles are called; a file that is named by its path has no own names."""
        return self.run.vocabulary() if self.run else read_vocabulary()

    def lasting_name(self, name: str) -> str:
        """Return a name that finds the same model from any folder, and after the next run.

        Args:
            name: How the model was named.
        """
        if self.run is None or self.run.lone:
            return str(Path(name).absolute())
        return STARTER if is_starter(self.run) else str(self.run.path.absolute())


def find_model(
    name: str,
    engine: Engine = "auto",
    device: str = "auto",
    *,
    needs: tuple[Output, ...] = (),
    note: Callable[[str], None] = lambda message: None,
) -> FoundModel:
    """Find the model of a name; a wrong request fails here, before torch loads.

    Args:
        name: A run or a checkpoint, as `find_run` takes them, or the path of an ONNX file.
        engine: As for `load_model`, like the other arguments.
        device: As `choose_device` takes it.
        needs: Outputs that the ONNX file of a run must give.
        note: Called with a line if the run has an ONNX file that cannot answer.

    Raises:
        ArtstyleError: No run has the name, or ONNX Runtime is asked for on an accelerator.
    """
    is_file = name.endswith(".onnx")
    if engine == "onnx" or is_file:
        _require_cpu(device)
    if is_file:
        if engine == "torch":
            raise UsageError(f"torch does not read {name}; name the run that it was exported from")
        return FoundModel(None, partial(load_onnx_model, Path(name)))
    run = find_run(name)
    if run.lone and engine == "onnx" and not run.onnx_path.is_file():
        raise UsageError(f"ONNX Runtime does not read {name}; 'artstyle export --run {name}' helps")
    return FoundModel(
        None if run.lone else run, partial(load_model, run, engine, device, needs=needs, note=note)
    )


def load_model(
    run: RunFolder | str | Path,
    engine: Engine = "auto",
    device: str = "auto",
    *,
    needs: tuple[Output, ...] = (),
    note: Callable[[str], None] = lambda message: None,
) -> StyleModel:
    """Load the best model of a run in the form that answers fastest.

    ``auto`` takes the run's ONNX file where a CPU answers, if it was exported from the best
    checkpoint. Where the machine has a GPU's driver, torch looks for the GPU.

    Args:
        run: The run, or its name or path as `find_run` takes them.
        engine: ``torch`` or ``onnx`` to insist on one.
        device: As `choose_device` takes it.
        needs: Outputs that the ONNX file must give; without them torch answers.
        note: Called with a line if the run has an ONNX file that cannot answer.

    Raises:
        UsageError: ONNX Runtime is asked for on an accelerator, or the device is not there.
        MissingError, WeightsError: The checkpoint cannot be used; or the ONNX file that was asked
            for cannot; or torch must answer and is not installed.
        MissingError, UnknownNameError, RunError: No run has that name.

    Examples:
        >>> artstyle.load_model("tiny", device="cpu")
        <TorchModel simple_cnn: 4 styles, 32 x 32 pixels, on cpu>
    """
    run = run if isinstance(run, RunFolder) else find_run(run)
    if engine == "onnx":
        _require_cpu(device)
        return load_onnx_model(run.onnx_path, run.best_path)
    if engine == "torch" or not run.onnx_path.is_file():
        return _load_with_torch(run, device)
    if device != "cpu" and not (device == "auto" and not _has_gpu()):
        return _load_with_torch(run, device)
    return _exported(run, needs, note) or _load_with_torch(run, "cpu")


def load_starter(device: str = "cpu") -> StyleModel:
    """Load the model that comes with artstyle; on a CPU it answers without torch.

    Args:
        device: As `choose_device` takes it.

    Raises:
        WeightsError: Its files are damaged.

    Examples:
        >>> artstyle.load_starter()
        <OnnxModel efficientnet_lite0: 22 styles, 224 x 224 pixels, on cpu>
    """
    return load_model(starter_run(), device=device)


def _require_cpu(device: str) -> None:
    """Refuse a device that ONNX Runtime does not compute on.

    Raises:
        UsageError: It is neither ``cpu`` nor ``auto``.
    """
    if device not in ("auto", "cpu"):
        raise UsageError(f"ONNX files run on a CPU only; leave --device {device} out")


def _exported(
    run: RunFolder, needs: tuple[Output, ...], note: Callable[[str], None]
) -> OnnxModel | None:
    """Return the run's ONNX file as a model, or None if torch must answer."""
    try:
        model = load_onnx_model(run.onnx_path, run.best_path)
    except MissingError:
        return None
    except WeightsError as error:
        note(f"{error}; torch answers")
        return None
    return model if model.outputs.issuperset(needs) else None


def _load_with_torch(run: RunFolder, device: str) -> StyleModel:
    if find_spec("torch") is None:
        raise MissingError(
            f"{run.best_path} needs torch, which is not installed: model.onnx is missing or does"
            " not give what is asked for; 'artstyle export' writes one where torch is installed"
        )
    choose_device = import_module("artstyle.devices").choose_device
    load_style_model = import_module("artstyle.models.checkpoint").load_style_model
    model: StyleModel = load_style_model(run.best_path, choose_device(device))
    return model


def _has_gpu() -> bool:
    """Return whether torch finds a GPU; it is asked only where there is a driver.

    A Mac's own GPU does not count: the first answer of ONNX Runtime comes seconds earlier.
    """
    if find_spec("torch") is None or not any(Path(path).exists() for path in _DRIVERS):
        return False
    device: str = import_module("artstyle.devices").choose_device("auto").type
    return device != "cpu"
