"""The index folder: which file is where, and whether it is whole."""

from dataclasses import dataclass
from pathlib import Path

from artstyle.errors import MissingError, UsageError
from artstyle.prediction.output import partial_path
from artstyle.search.kinds import Kind
from artstyle.storage.locks import is_vacant
from artstyle.storage.nearby import did_you_mean


@dataclass(frozen=True)
class IndexFolder:
    """All that joins embedding to search."""

    path: Path

    @property
    def document_path(self) -> Path:
        """``index.json``: written last."""
        return self.path / "index.json"

    @property
    def tensors_path(self) -> Path:
        """``embeddings.safetensors``: vectors and works."""
        return self.path / "embeddings.safetensors"

    def vectors_so_far(self, kind: Kind) -> Path:
        """Return where vectors are kept until the index is whole."""
        return self.path / f"{kind}.partial"

    @property
    def map_path(self) -> Path:
        """``map.html``: the works in two dimensions."""
        return self.path / "map.html"

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to do."""
        return self.document_path.is_file() and not partial_path(self.document_path).exists()

    def remove_former(self) -> None:
        """Remove index.json, map.html and the graphs: they belong to the former embeddings."""
        # Until its new document is written, the folder is not an index.
        for path in (self.document_path, self.map_path, *self.path.glob("*.usearch")):
            path.unlink(missing_ok=True)

    def require_free(self, *, overwrite: bool, resume: bool) -> None:
        """Check that the index may be made as asked.

        Raises:
            UsageError: There is one, finished or not; or something else is there; or the options
                contradict each other.
        """
        partial = partial_path(self.document_path)
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"--out {self.path} is a file; name a folder")
        if resume and overwrite:
            raise UsageError("--resume keeps what exists, --overwrite does not; choose one")
        begun = self.tensors_path.exists() or partial.exists()
        if (begun and (resume or overwrite)) or (resume and is_vacant(self.path)):
            return
        if partial.exists():
            raise UsageError(
                f"{self.path} holds an index that was not finished; say --resume to finish it, or"
                " --overwrite to start again"
            )
        if self.tensors_path.exists():
            raise UsageError(f"--out {self.path} is an index; say --overwrite to replace it")
        if not is_vacant(self.path):
            raise UsageError(f"--out {self.path} holds other files; name a new folder")

    def require_whole(self) -> None:
        """Refuse a folder that is not an index, or an index that is not finished.

        Raises:
            MissingError: There is none, or it is not finished.
        """
        if partial_path(self.document_path).exists():
            raise MissingError(
                f"the index {self.path} is not finished; run the command that makes it again, with"
                " --resume"
            )
        if not self.document_path.is_file():
            raise MissingError(
                f"{self.path} is not an index (it has no index.json); make one with 'artstyle index"
                f" PICTURES --out {self.path}'."
                + ("" if self.path.exists() else did_you_mean(self.path))
            )
