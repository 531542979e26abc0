import pytest

from tests.reliability.commands import Commands


@pytest.fixture
def artstyle(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The command line, in this process."""
    return Commands(capsys, monkeypatch)
