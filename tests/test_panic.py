"""A panic, which would be a bug of dicomet, is an ordinary exception. Needs the feature `test-panics` (see `check`)."""

import numpy as np
import pytest
from pydicom.data import get_testdata_file

import dicomet
from dicomet import _native

pytestmark = pytest.mark.skipif(
    not hasattr(_native, "provoke_panic"), reason="the installed binary has no function that panics"
)


@pytest.mark.parametrize("way", ["with the GIL", "without the GIL", "in parallel", "in the pool"])
def test_a_panic_is_an_ordinary_exception(way):
    for _ in range(3):
        with pytest.raises(dicomet.PixelDataError, match="internal error of dicomet: please report it") as raised:
            _native.provoke_panic(way)
        assert type(raised.value) is dicomet.PixelDataError
        assert raised.value.element is None
    # And all goes on.
    assert isinstance(dicomet.pixel_array(get_testdata_file("CT_small.dcm", download=False)), np.ndarray)
