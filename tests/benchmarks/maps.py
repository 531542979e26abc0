"""Which way of drawing a map keeps the neighbours of an index? At most 3,000 of its works::

    python -m tests.benchmarks.maps INDEX

Trustworthiness (Venna and Kaski 2001) of the ten nearest, and seconds of CPU. UMAP and PaCMAP are
left out where they are not installed.
"""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from artstyle.search.embeddings import Vectors
from artstyle.search.index import open_index
from artstyle.search.map import MOST_WORKS, flattened

NEIGHBOURS = 10
PCA_SIZE = 50
"""The others are given as many principal components as t-SNE is."""


def of_components(kind: Any, vectors_ND: Vectors) -> Any:
    """Return the places that a package gives the principal components, with its defaults."""
    components_NK = PCA(PCA_SIZE, random_state=0).fit_transform(vectors_ND)
    return kind(random_state=0).fit_transform(components_NK)


def main() -> None:
    """Draw each map and print a line for it."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    index = open_index(parser.parse_args().index)
    rows = np.arange(index.document.works)
    if len(rows) > MOST_WORKS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_WORKS, replace=False))
    vectors_ND = index.vectors(rows)["style"]
    ways: dict[str, Callable[[Any], Any]] = {
        "two principal components": PCA(2, random_state=0).fit_transform,
        "artstyle": flattened,
    }
    for package, name in (("umap", "UMAP"), ("pacmap", "PaCMAP")):
        if find_spec(package):
            ways[name] = partial(of_components, getattr(import_module(package), name))
    for name, way in ways.items():
        way(vectors_ND)  # The first call compiles.
        started = time.process_time()
        places_N2 = way(vectors_ND)
        seconds = time.process_time() - started
        kept = trustworthiness(vectors_ND, places_N2, n_neighbors=NEIGHBOURS)
        sys.stdout.write(f"{name}: trustworthiness {kept:.3f}, {seconds:.1f} s of CPU\n")


if __name__ == "__main__":
    main()
