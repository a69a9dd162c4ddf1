"""Fixtures that all tests share."""

from contextlib import suppress

import pytest
from install_images import JPEG_SYNTAXES, functions, plugins
from pydicom.pixels import get_decoder
from pydicom.uid import JPEGBaseline8Bit

import dicomet

WITH_DICOMET = ("test_install", "test_header")

# The test of panics runs without hypothesis.
with suppress(ImportError):
    from hypothesis import settings

    # A deadline would assert a time.
    settings.register_profile("dicomet", deadline=None)
    settings.load_profile("dicomet")


@pytest.fixture(autouse=True)
def pydicom_without_dicomet(request, monkeypatch):
    """Compare with pydicom alone: disable dicomet's plugin for pylibjpeg, except in tests of that plugin."""
    if not request.module.__name__.startswith(WITH_DICOMET):
        monkeypatch.setenv("DICOMET", "0")


@pytest.fixture
def pydicom_stays_as_it_was():
    """Every test leaves pydicom as it found it."""
    before = functions(), plugins()
    yield
    dicomet.uninstall()
    assert (functions(), plugins()) == before


@pytest.fixture
def only():
    """A function that leaves pydicom the JPEG plugins of these names only, in this order."""
    original = {decoder: decoder._available for decoder in map(get_decoder, JPEG_SYNTAXES)}

    def leave(*names: str) -> None:
        for decoder in map(get_decoder, JPEG_SYNTAXES):
            found = {name: decoder._available[name] for name in names if name in decoder._available}
            if names and names[0] not in found and decoder is get_decoder(JPEGBaseline8Bit):
                pytest.skip(f"needs {names[0]}")
            decoder._available = found

    yield leave
    dicomet.uninstall()
    for decoder, available in original.items():
        decoder._available = available


@pytest.fixture
def libjpeg(only):
    """Leave pydicom the JPEG plugin pylibjpeg only. GDCM ends the process for some malformed frames."""
    only("pylibjpeg")
