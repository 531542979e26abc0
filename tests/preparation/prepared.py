"""What tests ask of a dataset folder."""

from pathlib import Path

from artstyle.config import Config
from artstyle.data.manifest import ManifestRow, read_manifest
from artstyle.preparation.prepare import Prepared
from artstyle.recipes import resolve_config
from artstyle.storage.files import read_csv

STYLES = ("Cubism", "Rococo", "Ukiyo_e")


def config(*overrides: str) -> Config:
    quick = ("data.cache_size=24", "data.workers=0", "balance.min_per_style=3")
    return resolve_config(overrides=[*quick, *overrides]).config


def rows(prepared: Prepared) -> dict[str, ManifestRow]:
    return {row.path: row for row in read_manifest(prepared.dataset.manifest_path)}


def rejected(prepared: Prepared) -> dict[str, tuple[str, str]]:
    listed = read_csv(prepared.dataset.rejected_path, ours=True)
    return {row["path"]: (row["reason"], row["detail"]) for row in listed}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
