"""dicomet's decoding plugin for JPEG, which `install()` adds to pydicom, where a caller names it."""

import numpy as np
import pytest
from jpeg_frames import image, lossless
from pydicom.pixels import get_decoder
from pydicom.uid import JPEGLosslessSV1

import dicomet

rng = np.random.default_rng(31)


@pytest.mark.usefixtures("libjpeg")
@pytest.mark.parametrize("allocated", [8, 16, 32])
def test_the_decoding_plugin(allocated):
    samples = rng.integers(0, 256, (5, 6, 1))
    ds = image(JPEGLosslessSV1, [lossless(samples, 8)] * 2, (5, 6, 1), 8, BitsAllocated=allocated)
    decoder = get_decoder(JPEGLosslessSV1)
    with dicomet.install():
        assert "dicomet" in decoder.available_plugins
        assert "dicomet" not in decoder._validate_plugins()
        for kwargs in ({}, {"index": 1}, {"raw": True}):
            arr, _ = decoder.as_array(ds, decoding_plugin="dicomet", **kwargs)
            assert np.array_equal(arr[..., :, :], np.broadcast_to(samples[..., 0], arr.shape))
            assert arr.itemsize * 8 == allocated
        frame, properties = decoder.as_buffer(ds, index=1, decoding_plugin="dicomet")
        assert type(frame) is bytearray
        assert frame == samples.astype(f"<u{allocated // 8}").tobytes()
        assert properties["bits_allocated"] == allocated
        frames = [array for array, _ in decoder.iter_array(ds, decoding_plugin="dicomet")]
        assert np.array_equal(frames[1], samples[..., 0])
        # dicomet's own functions do not take it for a plugin of another package.
        assert dicomet.pixel_array(ds, decoding_plugin="dicomet").shape == (2, 5, 6)
    with pytest.raises(ValueError, match="No plugin named 'dicomet'"):
        decoder.as_array(ds, decoding_plugin="dicomet")


@pytest.mark.usefixtures("libjpeg")
def test_the_decoding_plugin_says_what_is_wrong():
    ds = image(JPEGLosslessSV1, [lossless(np.arange(30).reshape(5, 6, 1), 12)[:-2]], (5, 6, 1), 12)
    decoder = get_decoder(JPEGLosslessSV1)
    with dicomet.install():
        with pytest.warns(UserWarning, match="no end marker"):
            decoder.as_array(ds, decoding_plugin="dicomet")
        ds.Rows = 6
        with pytest.raises(RuntimeError, match=r"dicomet: .*Rows"):
            decoder.as_array(ds, decoding_plugin="dicomet")
