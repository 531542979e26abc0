"""Places of shards: a folder of this machine, or an address that fsspec knows, ``s3://...``."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Protocol
from uuid import uuid4

from artstyle.errors import ArtstyleError, MissingError, UsageError, WebError, one_line
from artstyle.storage.files import TEMPORARY_PREFIX, atomic_path, remove_unfinished
from artstyle.storage.locks import sole_writer

_SCHEME, _LOCAL = "://", "file://"


class Place(Protocol):
    """Where shards are: names without folders, each written whole or not at all."""

    def names(self) -> set[str]:
        """Return the names that are there, without unfinished ones."""
        ...

    def opened(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading."""
        ...

    def written(self, name: str) -> AbstractContextManager[Path]:
        """Yield a temporary file of this machine; its content appears under the name."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file."""
        ...

    def locked(self) -> AbstractContextManager[Path]:
        """Keep other writers out, where the place can, and yield a folder for temporary files."""
        ...


def is_address(out: str) -> bool:
    """Return whether an output is an address of fsspec, not a path."""
    return _SCHEME in out


def open_place(out: str) -> Place:
    """Return the place that an output names.

    Raises:
        UsageError: It is a file, or fsspec does not know the address.
        MissingError: The package that the address needs is not installed.
    """
    if is_address(out) and not out.startswith(_LOCAL):
        return _remote_place(out)
    folder = Path(out.removeprefix(_LOCAL))
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {out} is a file; shards need a folder")
    return LocalPlace(folder)


@dataclass(frozen=True)
class LocalPlace:
    """A folder of this machine."""

    folder: Path

    def names(self) -> set[str]:
        """Return the names of its files."""
        if not self.folder.is_dir():
            return set()
        return {
            path.name
            for path in self.folder.iterdir()
            if path.is_file() and not path.name.startswith(".")
        }

    def opened(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading."""
        return (self.folder / name).open("rb")

    def written(self, name: str) -> AbstractContextManager[Path]:
        """Yield a temporary path that replaces the file."""
        return atomic_path(self.folder / name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.folder / name).unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Lock the folder for this process; no unfinished file is left, not even a killed one's."""
        with sole_writer(self.folder):
            try:
                yield self.folder
            finally:
                remove_unfinished(self.folder)


@dataclass(frozen=True)
class RemotePlace:
    """A folder of a file system that fsspec knows. Two writers at once write the same bytes."""

    system: Any
    folder: str
    out: str
    """As the user named it, for messages."""

    def names(self) -> set[str]:
        """Return the names of its files."""
        with self._reached():
            # Some file systems remember what they listed, and another process may write here.
            self.system.invalidate_cache(self.folder)
            try:
                found = self.system.ls(self.folder, detail=False)
            except FileNotFoundError:
                return set()
        names = (path.rpartition("/")[2] for path in found)
        return {name for name in names if name and not name.startswith(".")}

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading; its bytes come later, and that may fail too."""
        with self._reached(), self.system.open(f"{self.folder}/{name}", "rb") as file:
            yield file

    @contextmanager
    def written(self, name: str) -> Iterator[Path]:
        """Yield a temporary file of this machine, then copy it and give the copy its name."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / name
            yield path
            with self._reached():
                self._make_folder()
                unfinished = f"{self.folder}/{TEMPORARY_PREFIX}-{uuid4().hex}"
                self.system.put_file(str(path), unfinished)
                self.system.mv(unfinished, f"{self.folder}/{name}")

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._reached():
            self.system.rm_file(f"{self.folder}/{name}")

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Yield a folder of this machine; such a place has no locks."""
        with TemporaryDirectory() as folder:
            yield Path(folder)

    def _make_folder(self) -> None:
        """Make the folder, but not what it is in: a misspelt bucket must not be made."""
        try:
            # Of a bucket alone, s3fs takes mkdir as the wish to make it.
            if "/" not in self.folder and not self.system.exists(self.folder):
                raise FileNotFoundError(f"there is no {self.folder}")
            self.system.mkdir(self.folder, create_parents=False)
        except FileExistsError:
            pass
        except FileNotFoundError as error:
            raise UsageError(
                f"--out {self.out} cannot be made: {one_line(error)}; first make the bucket, or the"
                " folder above it"
            ) from None

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except ArtstyleError:
            raise
        except Exception as error:  # Each file system has errors of its own.
            raise WebError(
                f"--out {self.out}: {one_line(error)}; finished shards stay: run the same command"
                " again"
            ) from error


def _remote_place(out: str) -> RemotePlace:
    try:
        fsspec = import_module("fsspec")
    except ModuleNotFoundError:
        raise MissingError(
            f'--out {out} needs fsspec, which is not installed: pip install "artstyle[ray]"'
        ) from None
    try:
        system, folder = fsspec.core.url_to_fs(out)
    except ImportError as error:
        raise MissingError(f"--out {out}: {one_line(error)}") from None
    except ValueError as error:
        raise UsageError(f"--out {out}: {one_line(error)}") from None
    return RemotePlace(system, folder.rstrip("/"), out)
