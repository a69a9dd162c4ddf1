"""Fixtures that all tests share."""

import pytest

WITH_DICOMET = ("test_install", "test_header")


@pytest.fixture(autouse=True)
def pydicom_without_dicomet(request, monkeypatch):
    """Compare with pydicom alone: disable dicomet's plugin for pylibjpeg, except in tests of that plugin."""
    if not request.module.__name__.startswith(WITH_DICOMET):
        monkeypatch.setenv("DICOMET", "0")
