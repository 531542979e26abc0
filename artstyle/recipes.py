"""Layers of configuration merged into one, with the origin of each value.

Later layers override earlier ones: the schema's defaults, the command's recipe, the ``--config``
file, then flags and ``--set section.key=value``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any

import yaml
from pydantic import ValidationError

from artstyle.config import Config
from artstyle.errors import ConfigError, MissingError, UnknownNameError, one_line
from artstyle.settings.section import Section
from artstyle.storage.files import read_yaml


@dataclass(frozen=True)
class Resolved:
    """A configuration and the origin of each value."""

    config: Config
    origins: dict[str, str]
    """Dotted key -> "default", "recipe finetune", "file my.yaml", "--set", "--epochs"."""


def resolve_config(
    recipe: str | None = None,
    file: str | Path | None = None,
    overrides: str | Sequence[str] = (),
    flags: Mapping[str, tuple[str, object]] | None = None,
) -> Resolved:
    """Merge the layers and validate the result.

    Args:
        recipe: A name in ``configs/``: the command's starting point.
        file: A YAML file, or a name in ``configs/``, given by the user.
        overrides: One or several ``section.key=value``, values in YAML.
        flags: Dotted key -> (the flag's name, its value); values of None are ignored.

    Raises:
        MissingError: The file is missing.
        ConfigError, UnknownNameError: A key or a value is wrong.

    Examples:
        >>> resolved = artstyle.resolve_config("finetune", overrides=["train.epochs=3"])
        >>> resolved.config.train.epochs, resolved.origins["train.epochs"]
        (3, '--set')
    """
    overrides = [overrides] if isinstance(overrides, str) else overrides
    values: dict[str, object] = {}
    origins = dict.fromkeys(config_keys(), "default")
    for origin, layer in _layers(recipe, file, overrides, flags or {}):
        if "train.epochs" in layer and origins["train.min_steps"] not in ("default", origin):
            # Whoever asks for 3 epochs gets 3, whatever the recipe has as the least.
            layer = {"train.min_steps": 0, **layer}
        values.update(layer)
        origins.update(dict.fromkeys(layer, origin))
    return Resolved(_validate(values, origins), origins)


def config_keys() -> dict[str, object]:
    """Return every dotted key with its default, in the order of the schema."""
    return config_values(Config())


def config_values(config: Config) -> dict[str, object]:
    """Return the value of every dotted key, in the order of the schema."""
    return dict(flatten(config.model_dump(mode="json")))


def key_sentences() -> dict[str, str]:
    """Return the sentence of each dotted key, on one line."""
    sentences = {}
    for name, field in Config.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            for key, inner in section.model_fields.items():
                sentences[f"{name}.{key}"] = " ".join((inner.description or "").split())
        else:
            sentences[name] = " ".join((field.description or "").split())
    return sentences


def explained_yaml(resolved: Resolved) -> str:
    """Return a configuration as YAML with the meaning of each key and the origin of its value.

    The text is a valid configuration file.
    """
    sentences, lines, open_section = key_sentences(), [], ""
    for key, value in config_values(resolved.config).items():
        section, _, name = key.rpartition(".")
        if section != open_section:
            lines += ["", f"{section}:"]
            open_section = section
        indent = "  " if section else ""
        assigned = f"{indent}{name}: {_inline_yaml(value)}"
        lines += [f"{indent}# {sentences[key]}", f"{assigned:<40}  # {resolved.origins[key]}"]
    return "\n".join(lines)


def require_sections(overrides: Sequence[str], foreign: Sequence[str], command: str) -> None:
    """Refuse ``--set`` of a key that belongs to another command.

    Raises:
        ConfigError: ``foreign`` has the key or its section; the key belongs to ``command``.
    """
    for override in overrides:
        key, _ = parse_override(override)
        if key in foreign or key.split(".")[0] in foreign:
            raise ConfigError(f"--set {key} has no effect here: it is for 'artstyle {command}'")


def parse_override(text: str) -> tuple[str, object]:
    """Split ``section.key=value``; the value is read as YAML.

    Raises:
        ConfigError: It has no equals sign, or the value is not YAML.
        UnknownNameError: The key does not exist.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--set {text}: write it as section.key=value, as in optim.lr=1e-3")
    _require_key(key.strip())
    try:
        return key.strip(), _yaml_number(yaml.safe_load(value))
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {text}: the value is not YAML: {one_line(error)}") from None


def recipes() -> dict[str, Path]:
    """Return the recipes that are part of artstyle: name -> file."""
    return {path.stem: path for path in sorted(_recipe_folder().glob("*.yaml"))}


def shipped_splits() -> dict[str, Path]:
    """Return the files of splits that are part of artstyle: name -> file."""
    files = sorted((_recipe_folder() / "splits").glob("*.csv.xz"))
    return {path.name.removesuffix(".csv.xz"): path for path in files}


def _recipe_folder() -> Path:
    """Return ``configs/``: inside the installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def _layers(
    recipe: str | None,
    file: str | Path | None,
    overrides: Sequence[str],
    flags: Mapping[str, tuple[str, object]],
) -> Iterator[tuple[str, dict[str, object]]]:
    if recipe is not None:
        yield f"recipe {recipe}", _read_layer(_recipe(recipe))
    if file is not None:
        path = _find_config(file)
        yield f"file {path}", _read_layer(path)
    for key, (flag, value) in flags.items():
        if value is not None:
            yield flag, {key: value}
    for override in overrides:
        yield "--set", dict([parse_override(override)])


def _recipe(name: str) -> Path:
    known = recipes()
    if name not in known:
        raise UnknownNameError("recipe", name, known)
    return known[name]


def _find_config(name: str | Path) -> Path:
    path = Path(name)
    if path.is_file():
        return path
    known = recipes()
    if path.suffix or len(path.parts) > 1:
        raise MissingError(f"no file {path}; named recipes: {', '.join(known)}")
    return _recipe(str(name))


def _read_layer(path: Path) -> dict[str, object]:
    content = read_yaml(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a configuration is a mapping of sections, as in 'train:'")
    layer: dict[str, object] = {}
    for key, value in flatten(content):
        try:
            _require_key(key)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
        layer[key] = _yaml_number(value)
    return layer


def flatten(tree: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted keys and values of nested mappings."""
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{name}.")
        else:
            yield name, value


def _require_key(key: str) -> None:
    known = config_keys()
    if key in known:
        return
    section = key.split(".")[0]
    nearby = [name for name in known if name.startswith(f"{section}.")]
    guess = UnknownNameError("key", key, known).guess
    listing = f" Keys there: {', '.join(nearby)}." if nearby else ""
    raise ConfigError(f"{guess}{listing} 'artstyle config show' lists all keys.")


def _inline_yaml(value: object) -> str:
    """Return a value on one line, without the end-of-document mark of a bare scalar."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).split("\n")[0]


def _yaml_number(value: object) -> object:
    """Read ``1e-3`` as a number: YAML 1.1 requires a dot in it and reads a string."""
    if isinstance(value, str) and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _validate(values: Mapping[str, object], origins: Mapping[str, str]) -> Config:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *sections, name = key.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[name] = value
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error, origins)) from None


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    problems = []
    for detail in error.errors():
        key = ".".join(str(part) for part in detail["loc"][:2])
        known = next((name for name in origins if key == name or key.startswith(f"{name}.")), key)
        origin = origins.get(known, "")
        reason = detail["msg"].removeprefix("Value error, ")
        problems.append(f"{known} = {short_repr(detail['input'])} ({origin}): {reason}")
    return "; ".join(dict.fromkeys(problems))
