"""A Space on Hugging Face: the page of `artstyle serve --page gradio`, with the starter model."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from artstyle.serving.gradio_page import build_page, options
from artstyle.serving.served import Models

with TemporaryDirectory(prefix="artstyle-") as uploads:
    page = build_page(Models(os.environ.get("ARTSTYLE_RUN", "starter")), Path(uploads))
    page.launch(**options())
