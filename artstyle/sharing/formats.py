"""The forms in which a model is shared: which model has which, and where it is written."""

from pathlib import Path
from typing import Literal

from artstyle.errors import UsageError
from artstyle.models.zoo import MODELS, is_dual, member_names
from artstyle.runs.folder import RunFolder

Library = Literal["timm", "torchvision"]
Format = Literal["onnx", "torch", "timm", "torchvision", "hub"]

_NAMES: dict[Format, str] = {
    "onnx": "model.onnx",
    "torch": "model.pt2",
    "timm": "model-timm.safetensors",
    "torchvision": "model-torchvision.safetensors",
    "hub": "hub",
}


def default_path(run: RunFolder, form: Format) -> Path:
    """Return where a form is written if nothing else is said: in the run, or next to the file."""
    if form == "onnx":
        return run.onnx_path
    name = _NAMES[form]
    if not run.lone:
        return run.path / name
    return run.lone.with_name(f"{run.lone.stem}-{name.removeprefix('model-')}")


def require_path(path: Path, form: Format, *, overwrite: bool) -> None:
    """Refuse a path that does not fit a form, or exists.

    Raises:
        UsageError: The ending does not fit, or something is there.
    """
    suffix = "" if form == "hub" else Path(_NAMES[form]).suffix
    if suffix and path.suffix != suffix:
        raise UsageError(f"--out {path}: end it in {suffix}")
    if form == "hub" and path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; name a folder with --out")
    if form == "hub" and path.is_dir() and not any(path.iterdir()):
        return
    if form == "hub" and path.is_dir() and not (path / "config.json").is_file():
        raise UsageError(f"{path} holds other files; name a new folder with --out")
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists; say --overwrite to replace it")
    if form != "hub" and path.is_dir():
        raise UsageError(f"{path} is a folder; name a file with --out")


def require_available(name: str, form: Format, *, multi: bool = False) -> None:
    """Refuse a model that a form cannot have.

    Args:
        name: The model's.
        form: The form.
        multi: Whether a picture may have several labels.

    Raises:
        UsageError: The library does not have the network: it is simple_cnn, joins several networks,
            or is another library's. Or the form cannot say what several labels mean.
    """
    if multi and form != "onnx":
        raise UsageError(
            f"--format {form} has one label for each picture, and this model several;"
            " use --format onnx: the sigmoid of its logits gives their probabilities"
        )
    if form in ("onnx", "torch"):
        return
    library = "timm" if form == "hub" else form
    works = "use --format onnx or --format torch: their files need no library of models"
    if len(member_names(name)) > 1:
        raise UsageError(f"{name} joins networks, which {library} does not do; {works}")
    if is_dual(name):
        raise UsageError(f"{name} has two embeddings, which {library} does not have; {works}")
    source = MODELS[name].source if name in MODELS else "timm"
    if source == "artstyle":
        raise UsageError(f"{library} does not have {name}, which is artstyle's own; {works}")
    if library == "torchvision" and source == "timm":
        raise UsageError(f"{name} is a network of timm, not of torchvision; use --format timm")
