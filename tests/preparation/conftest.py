from pathlib import Path

import pytest

from tests.preparation.pictures import write_collection
from tests.preparation.prepared import STYLES


@pytest.fixture
def museum(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "museum", STYLES, 12)
