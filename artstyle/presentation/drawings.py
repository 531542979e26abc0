"""Figures as SVG inside a page: they take on the page's colours, light or dark, and its font."""

import io
import re
import warnings

from matplotlib import RcParams, rc_context
from matplotlib.figure import Figure

from artstyle.presentation.plots import FAINT, INK, LINE, PALETTE, PAPER, QUIET

_SETTINGS = RcParams(
    {
        "svg.fonttype": "none",  # text stays text: it takes the page's font and can be searched
        "svg.hashsalt": "artstyle",  # equal figures give equal bytes
    }
)
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_NOT_FOR_A_PAGE = r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->"
_VARIABLES = {
    INK: "--ink",
    QUIET: "--quiet",
    LINE: "--line",
    PAPER: "--mat",
    FAINT: "--faint",
    **{colour: f"--c{number}" for number, colour in enumerate(PALETTE)},
}
"""Each colour of the house style, and the variable of ``page.css`` that replaces it."""


def svg(figure: Figure, name: str) -> str:
    """Return a figure as one ``svg`` element whose colours are the page's variables.

    Args:
        figure: Drawn in the house style; other colours stay as they are.
        name: Begins the element's inner anchors: a letter, then letters and digits. Figures of
            one page need different names.
    """
    buffer = io.StringIO()
    with rc_context(_SETTINGS), warnings.catch_warnings():
        # The page's font may have what the font of the plots lacks.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA, transparent=True)
    markup = buffer.getvalue()
    markup = re.sub(_NOT_FOR_A_PAGE, "", markup[markup.index("<svg") :], flags=re.DOTALL)
    anchors = set(re.findall(r'="(?:url\()?#([^")]+)', markup))
    # Only tags are rewritten, so that no text in a figure changes.
    tags = re.compile(r"<[^>]*>")
    markup = tags.sub(lambda tag: _of_the_page(tag[0], name, anchors), markup)
    return re.sub(r"\s*\n\s*", "\n", markup).strip()


def _of_the_page(tag: str, name: str, anchors: set[str]) -> str:
    if tag.startswith("<svg"):
        # The style sheet sets the size; the view box keeps the shape.
        return re.sub(r'\s(?:width|height|version|xmlns|xmlns:xlink)="[^"]*"', "", tag)
    tag = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in anchors else "", tag)
    tag = re.sub(r'( id="|="#|="url\(#)', rf"\g<1>{name}-", tag)
    for colour, variable in _VARIABLES.items():
        tag = tag.replace(f": {colour}", f": var({variable})")
    tag = tag.replace("'DejaVu Sans'", "var(--font)")
    return re.sub(r"(\d\.\d\d)\d+", r"\1", tag)
