"""What all tests share."""

import pytest

WITH_DICOMET = ("test_install", "test_header")


@pytest.fixture(autouse=True)
def pydicom_without_dicomet(request, monkeypatch):
    """Compare with pydicom itself: without dicomet as a plugin of pylibjpeg's, except where that is what is tested."""
    if not request.module.__name__.startswith(WITH_DICOMET):
        monkeypatch.setenv("DICOMET", "0")
