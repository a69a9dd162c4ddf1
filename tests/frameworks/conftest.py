"""pydicom's results for the comparisons with loaders."""

import pytest
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit


@pytest.fixture(autouse=True, scope="session")
def _pillow_before_pylibjpeg():
    """Let pydicom decode lossy JPEG with Pillow, whose values are those of libjpeg-turbo, as in dicomet."""
    for transfer_syntax in (JPEGBaseline8Bit, JPEGExtended12Bit):
        available = get_decoder(transfer_syntax)._available
        for name in [name for name in available if name != "pillow"]:
            available[name] = available.pop(name)
