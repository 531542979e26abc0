from pathlib import Path

import pytest

from tests.data.pictures import write_collection
from tests.data.prepared import STYLES


@pytest.fixture
def museum(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "museum", STYLES, 12)
