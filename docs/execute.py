"""Run the notebooks from top to bottom: `python -m docs.execute`; `--write` keeps their output.

Each notebook runs in a process of its own, in an empty folder. A cell that fails ends the run.
"""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

DOCS = Path(__file__).parent
TIMEOUT_S = 600
"""The most that one cell may take."""


def main(words: list[str]) -> None:
    """Run every notebook, or those that are named."""
    named = [Path(word) for word in words if not word.startswith("--")]
    for path in named or notebooks():
        started = time.perf_counter()
        notebook = executed(path)
        if "--write" in words:
            for cell in notebook.cells:
                # What libraries say on stderr depends on the machine.
                outputs = [o for o in cell.get("outputs", []) if o.get("name") != "stderr"]
                cell.update({"outputs": outputs} if outputs else {})
            path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
        print(f"{path.name}: {time.perf_counter() - started:.0f} s")


def notebooks() -> list[Path]:
    """Return every notebook of the docs."""
    return sorted(path for path in DOCS.rglob("*.ipynb") if "_build" not in path.parts)


def executed(path: Path) -> Any:
    """Return a notebook with its output.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT_S,
            record_timing=False,
            resources={"metadata": {"path": folder}},
        )
        client.execute(env=os.environ | {"TMPDIR": folder})
    return notebook


if __name__ == "__main__":
    main(sys.argv[1:])
